from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.metrics import r2_ceiling, scores
from pipelines.report import write_report
from pipelines.report.comparison import compare, markdown, system_and_size
from pipelines.report.inputs import Prediction


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
    assert lines[2].count("**") == 8
    assert lines[3].count("**") == 0
    assert "ceiling" not in markdown(compare(predictions(), None))


def test_the_report_shows_wider_networks_and_sizes(tmp_path: Path) -> None:
    def text(chosen: list[Prediction]) -> str:
        arguments: dict[str, Any] = {"zoo_index": {}, "metrics": {}, "histories": {}}
        rows = [vars(prediction) for prediction in chosen]
        path = write_report(tmp_path / "r.html", predictions=rows, settings={}, **arguments)
        return path.read_text(encoding="utf-8")

    every = predictions()
    whole = text(every)
    assert whole.count("Predicted against true") >= 2
    assert "test accuracy, wider networks</h2>" in whole
    assert "By number of training networks" in whole
    assert "wider networks</h2>" not in text([p for p in every if p.split != "wider"])
    assert "By number of" not in text([p for p in every if p.model.endswith("-150")])


@pytest.mark.parametrize(
    ("label", "expected"),
    [("gmn", ("gmn", None)), ("gmn-1500", ("gmn", 1500)), ("np-nfn", ("np-nfn", None))],
)
def test_a_label_is_a_system_and_a_size(label: str, expected: tuple[str, int | None]) -> None:
    assert system_and_size(label) == expected
