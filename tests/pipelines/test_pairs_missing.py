"""Pairs that are hard to measure, or cannot be: each says why, and no other is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pair_toys import finished, measured, of_errors, pair, predictions, rows_of, task, write

import pipelines
from graphgen.files import write_json
from pipelines.errors import PipelineError
from pipelines.pairs import compare_pairs
from pipelines.results import writing_results
from spec import SpecError


def test_one_bad_seed_of_an_error_is_compared(tmp_path: Path) -> None:
    errors = {("a", 0): 0.05, ("a", 1): 0.6, ("b", 0): 0.1, ("b", 1): 0.1}
    finished(tmp_path / "results", of_errors(errors))
    (row,) = rows_of(tmp_path, task(pair("a", "b"), scores=["mae"]))
    assert row.gain == pytest.approx(np.log(0.1 / 0.325))
    assert row.low < row.gain < row.high
    factor = 2**0.5  # which widens the logarithms of the two seeds alone
    assert (np.exp(row.low), np.exp(row.high)) == pytest.approx(
        (0.1 / 0.325 * (0.325 / 0.6) ** factor, 0.1 / 0.325 * (0.325 / 0.05) ** factor)
    )
    measured(tmp_path / "results", {"a": [0.05, 0.6], "b": [0.1, 0.1]})
    own = task(pair("a", "b"), scores=["frechet"], better="lower", scale="ratio")
    (again,) = rows_of(tmp_path, own)
    assert (again.low, again.high) == pytest.approx((row.low, row.high))


def reasons(folder: Path, *tasks: dict[str, Any]) -> list[str]:
    sound = task(pair("good", "same"), title="sound", scores=["tau"], results="sound")
    finished(folder / "sound", predictions())
    rows, missing = compare_pairs(write(folder, *tasks, sound), folder / "out", replace=True)
    assert rows[-1].title == "sound"
    return [one.why for one in missing]


@pytest.mark.parametrize("scale", ["ratio", "geometric"])
def test_what_has_no_ratio_is_listed(scale: str, tmp_path: Path) -> None:
    table_of = predictions()
    for row in table_of:
        row["loss"] *= 0.0 if row["model"] == "good" else 1.0
    finished(tmp_path / "results", table_of)
    own = {"scores": ["loss"], "better": "lower", "scale": scale}
    (why,) = reasons(tmp_path, task(pair("good", "bad"), pair("same", "bad"), **own))
    assert why.startswith("loss: not above zero")
    assert reasons(tmp_path, task(pair("good", "bad"), **{**own, "scale": "difference"})) == []
    for row in table_of:
        row["loss"] = 1e-200 if row["model"] == "good" else 1e200
    finished(tmp_path / "results", table_of)
    (why,) = reasons(tmp_path, task(pair("good", "bad"), **own))
    assert why == "loss: 1e-200 and 1e+200 are too far apart for a ratio"


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_predictions_that_are_no_numbers_are_told(value: str, tmp_path: Path) -> None:
    table_of = predictions()
    assert (table_of[3]["model"], table_of[3]["seed"]) == ("good", 0)
    table_of[3]["predicted"] = value
    finished(tmp_path / "results", table_of)
    words = "good, seed 0: `predicted` holds 1 of 200 values that are not finite"
    whys = reasons(tmp_path, task(pair("good", "bad"), pair("same", "bad")))
    assert len(whys) == 1
    assert whys[0].startswith(words)
    with pytest.raises(PipelineError, match=words):
        pipelines.compare(table_of)


def test_a_score_that_one_system_lacks_is_listed(tmp_path: Path) -> None:
    table_of = predictions()
    for row in table_of:
        row["mae"] = "" if (row["model"], row["seed"]) == ("good", 1) else row["loss"]
    finished(tmp_path / "results", table_of)
    own = task(pair("same", "bad"), pair("good", "bad"), scores=["loss", "mae"], better="lower")
    assert reasons(tmp_path, own) == ["good, seed 1: 'mae': not all are numbers"]
    both = {"frechet": {"seeds": [1, 2]}, "told_apart": {"seeds": [1, 2]}}
    with writing_results(tmp_path / "measures", ["quality.json"], replace=False) as new:
        found = {"systems": {"a": both, "b": both, "c": {"frechet": both["frechet"]}}}
        new.add("quality.json", lambda path: write_json(path, found))
        new.commit({"of": {}, "parts": new.parts})
    own |= {"results": "measures", "pairs": [pair("a", "c"), pair("a", "b")]}
    (why,) = reasons(tmp_path, {**own, "scores": ["frechet", "told_apart"]})
    assert why.startswith("c has no score 'told_apart'")
    with pytest.raises(SpecError, match=r"tasks\.yaml:\d+:\d+: a has no score 'distance'"):
        reasons(tmp_path, {**own, "scores": ["frechet", "distance"]})


def test_a_single_group_tells_no_interval(tmp_path: Path) -> None:
    errors = {("a", 0): 0.05, ("a", 1): 0.06, ("b", 0): 0.1, ("b", 1): 0.11}
    finished(tmp_path / "results", of_errors(errors, group="one training"))
    own = task(pair("a", "b"), scores=["mae"])
    assert reasons(tmp_path, own) == ["mae: a single group tells no interval"]
    two = of_errors(errors)
    for row in two:
        row["group"] = row["network"] % 2
    finished(tmp_path / "results", two)
    assert reasons(tmp_path, own) == []


def test_differences_stay_in_their_range(tmp_path: Path) -> None:
    runs = (("a", 0, 1), ("a", 1, -1), ("b", 0, -1), ("b", 1, -1))
    table_of = [
        {"model": m, "seed": s, "network": i, "split": "test", "true": i, "predicted": way * i}
        for m, s, way in runs
        for i in range(30)
    ]
    finished(tmp_path / "results", table_of)
    (row,) = rows_of(tmp_path, task(pair("a", "b"), scores=["tau"]))
    assert (row.low, row.high) == (pytest.approx(1 - 2**0.5), 2.0)
    own = pipelines.compare(table_of)["a"]["tau"]
    assert (own["low"], own["high"]) == (-1.0, 1.0)
