from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.metrics import r2_ceiling, scores
from pipelines.report import write_report
from pipelines.report.comparison import compare, system_and_size
from pipelines.report.inputs import Prediction
from pipelines.report.markdown import comparison as markdown
from pipelines.report.markdown import tables


def predictions(seeds: int = 2) -> list[Prediction]:
    rng = np.random.default_rng(0)
    true = {split: rng.uniform(0.1, 0.6, 30) for split in ("validation", "test", "wider")}
    return [
        Prediction(f"{system}-{size}", seed, f"{split}{i}", "cnn", split, t, t + error * noise)
        for system, error in (("gmn", 0.02), ("statnn", 0.1))
        for size in (150, 1500)
        for seed in range(seeds)
        for split, values in true.items()
        for i, (t, noise) in enumerate(zip(values, rng.normal(size=30), strict=True))
    ]


def test_each_training_set_and_split_has_a_column() -> None:
    columns = compare(predictions(), 4000)
    settings = [(row.setting.networks, row.setting.split) for row in columns]
    assert settings == [(1500, "test"), (150, "test"), (1500, "wider"), (150, "wider")]
    own = [p for p in predictions() if (p.model, p.split) == ("gmn-150", "wider")]
    by_seed = [
        scores([p.true for p in own if p.seed == s], [p.predicted for p in own if p.seed == s])
        for s in (0, 1)
    ]
    measured = columns[3].metrics["gmn"]
    assert measured["r2"]["mean"] == pytest.approx(np.mean([row["r2"] for row in by_seed]))
    assert measured["tau"]["std"] == pytest.approx(np.std([r["tau"] for r in by_seed], ddof=1))
    true = {p.network: p.true for p in predictions() if p.split == "test"}
    assert columns[0].ceiling == pytest.approx(r2_ceiling(list(true.values()), 4000), rel=1e-12)
    assert r2_ceiling(list(true.values()), 4000) < 1
    assert compare(predictions(), None)[0].ceiling is None


def test_the_best_of_a_column_is_bold() -> None:
    lines = markdown(compare(predictions(), 4000)).splitlines()
    names = "1,500 networks, test | 150 networks, test | 1,500 networks, wider | 150 networks"
    assert lines[0] == f"| R2 / tau | {names}, wider |"
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| gmn", "| statnn", "| ceiling of R2"]
    assert lines[2].count("**") == 16  # R2 and tau in four columns
    assert lines[3].count("**") == 0
    assert " =" not in lines[2] + lines[3]
    assert lines[3].count("[") == 8
    assert "ceiling" not in markdown(compare(predictions(), None))


def test_nothing_is_bold_where_systems_are_not_told_apart() -> None:
    alike = [replace(p, predicted=p.true + (p.predicted - p.true) / 5) for p in predictions()]
    pairs = zip(alike, predictions(), strict=True)
    chosen = [a if a.model.startswith("statnn") else b for a, b in pairs]
    lines = markdown(compare(chosen, 4000)).splitlines()
    for line in lines[2:4]:
        assert line.count("**") == 0
        assert line.count(" =") == 8


def test_the_tables_say_how_far_systems_are_apart_and_what_they_cost() -> None:
    columns = compare(predictions(), 4000)
    costs = {"gmn-150": {"training": 12.5, "trials": 6}, "statnn-150": {"trials": 9}}
    text = tables(columns, {}, costs)
    behind = columns[1].metrics["statnn"]["r2"]["difference"]
    assert behind["to"] == "gmn"
    assert f"{behind['mean']:.3f} [{behind['low']:.3f}, {behind['high']:.3f}] / " in text
    assert "Tau at thresholds, 1,500 networks, test:" in text
    assert "| gmn-150 | 12.5 | 6 |\n| statnn-150 |  | 9 |\n" in text
    (best,) = [line for line in text.splitlines() if "best / best" in line]
    assert best == "| gmn |" + " best / best |" * 4
    whole = tables([], columns[0].metrics, {})
    assert whole.startswith("|  | R2 | tau | MAE | seeds |\n")
    assert "Processor time" not in whole


def test_checkpoints_of_one_training_are_drawn_together() -> None:
    grouped = [replace(p, group=str(int(p.network[-1]) % 5)) for p in predictions()]
    one, other = (compare(p, None)[0].metrics["statnn"]["r2"] for p in (predictions(), grouped))
    assert one["mean"] == other["mean"]
    assert one["low"] != other["low"]


def test_the_report_shows_wider_networks_and_sizes(tmp_path: Path) -> None:
    def text(chosen: list[Prediction]) -> str:
        arguments: dict[str, Any] = {"zoo_index": {}, "metrics": {}, "histories": {}}
        rows = [vars(prediction) for prediction in chosen]
        path = write_report(tmp_path / "r.html", predictions=rows, settings={}, **arguments)
        return path.read_text(encoding="utf-8")

    every = predictions()
    whole = text(every)
    assert whole.count("Predicted against true") >= 2
    assert "test accuracy, wider networks<a class" in whole
    assert "By number of training networks" in whole
    assert "wider networks<a class" not in text([p for p in every if p.split != "wider"])
    assert "By number of" not in text([p for p in every if p.model.endswith("-150")])


@pytest.mark.parametrize(
    ("label", "expected"),
    [("gmn", ("gmn", None)), ("gmn-1500", ("gmn", 1500)), ("np-nfn", ("np-nfn", None))],
)
def test_a_label_is_a_system_and_a_size(label: str, expected: tuple[str, int | None]) -> None:
    assert system_and_size(label) == expected
