"""Comparing the predictions of models from a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipelines
from pipelines.errors import PipelineError
from pipelines.measuring import together
from pipelines.metrics import scores


def rows(models: tuple[str, ...] = ("gmn", "trees"), seeds: int = 2) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    true = {split: rng.uniform(0.1, 0.9, 40) for split in ("validation", "test")}
    return [
        {"model": model, "seed": seed, "network": i, "split": split, "true": t, "predicted": p}
        for number, model in enumerate(models)
        for seed in range(seeds)
        for split, values in true.items()
        for i, (t, p) in enumerate(
            zip(values, values + 0.1 * (1 + number) * rng.normal(size=40), strict=True)
        )
    ]


def written(path: Path, table: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def test_a_file_and_its_rows_compare_alike(tmp_path: Path) -> None:
    table = rows()
    found = pipelines.compare(table)
    assert pipelines.compare(written(tmp_path / "p.csv", table)) == found
    own = [r for r in table if (r["model"], r["split"]) == ("trees", "test")]
    by_seed = [[row for row in own if row["seed"] == seed] for seed in (0, 1)]
    each = [scores([r["true"] for r in run], [r["predicted"] for r in run]) for run in by_seed]
    assert found["trees"]["tau"]["mean"] == pytest.approx(np.mean([one["tau"] for one in each]))
    assert found["trees"]["seeds"] == 2
    assert found["trees"]["r2"]["networks"] == 40
    assert found["trees"]["r2"]["difference"]["to"] == "gmn"
    other = pipelines.compare(table, split="validation")
    assert other["gmn"]["r2"]["mean"] != found["gmn"]["r2"]["mean"]


def test_the_order_of_networks_does_not_matter() -> None:
    table = rows()
    mixed = [table[i] for i in np.random.default_rng(0).permutation(len(table))]
    found, other = pipelines.compare(table), pipelines.compare(mixed)
    for model in ("gmn", "trees"):
        assert other[model]["tau"]["mean"] == pytest.approx(found[model]["tau"]["mean"])
        # Other draws, for the first network is another one.
        assert other[model]["tau"]["low"] == pytest.approx(found[model]["tau"]["low"], abs=0.03)


def test_a_group_is_drawn_together() -> None:
    table = rows()
    grouped = [{**row, "group": row["network"] // 10} for row in table]
    one, other = (pipelines.compare(t)["gmn"]["mae"] for t in (table, grouped))
    assert one["mean"] == other["mean"]
    assert (one["low"], one["high"]) != (other["low"], other["high"])


def test_checkpoints_of_a_training_are_a_group() -> None:
    assert together({"index": 7, "network": 3, "checkpoint": 2, "checkpoints": 2}) == {"group": 3}
    assert together({"index": 7}) == {}


def change(table: list[dict[str, Any]], **values: Any) -> list[dict[str, Any]]:
    return [*table[:-1], {**table[-1], **values}]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "no predictions for the split 'test'; there are: none"),
        (rows()[:-1], "trees, seed 1: 39 networks, which are not the 40 of the first run"),
        (change(rows(), network=0), "trees, seed 1: a network occurs twice"),
        (change(rows(), network=99), "trees, seed 1: 40 networks, which are not the 40"),
        (change(rows(), true=0.5), "gmn, seed 0, and trees, seed 1, were not measured by the same"),
        (change(rows(), seed="x"), "the seed is 'x', expected a whole number"),
        (change(rows(), model=None), "no value for model; every row has model, seed, network"),
    ],
)
def test_what_cannot_be_compared_is_said(table: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        pipelines.compare(table)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="none.csv: cannot be read as CSV"):
        pipelines.compare(tmp_path / "none.csv")
    with pytest.raises(PipelineError, match="no predictions for the split 'wider'; there are: "):
        pipelines.compare(rows(), split="wider")
    with pytest.raises(PipelineError, match="`resamples` is 0"):
        pipelines.compare(rows(), resamples=0)
