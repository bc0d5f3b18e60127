"""Ensembles: the mean of what several models predict, as one more row of the table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import r2_score

from pipelines.costs import read_costs
from pipelines.ensembles import ensemble_rows, ensembles_of
from pipelines.evaluation import evaluate
from pipelines.results import read_results
from pipelines.training import train
from pipelines.training.settings import read_settings
from spec import SpecError

RECIPE = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
GMN = {"metanet": "gmn", "settings": {"hidden": 4, "layers": 1}, "training": RECIPE}
TREES = {"metanet": "statnn", "settings": {"leaves": 2, "trees": 3}}


def section(**more: Any) -> dict[str, Any]:
    models = {"gmn": GMN, "trees": TREES}
    return {"target": "test_accuracy", "seeds": [0, 1], "models": models, **more}


def evaluated(folder: Path, graphs: Path, settings: dict[str, Any]) -> list[dict[str, str]]:
    params = folder / "params.yaml"
    params.write_text(json.dumps({"train": settings}))
    train(params, graphs, folder / "train", workers=1)
    evaluate(folder / "train", graphs, folder / "results", params=params, workers=1)
    with (folder / "results" / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows: list[dict[str, str]]) -> list[np.ndarray[Any, Any]]:
    return [np.array([float(row[column]) for row in rows]) for column in ("true", "predicted")]


def test_an_ensemble_of_each_number_of_networks_predicts_the_mean(
    graphs: Path, tmp_path: Path
) -> None:
    asked = section(networks=[5, 8], ensembles={"together": ["gmn", "trees"]})
    rows = evaluated(tmp_path, graphs, asked)
    scores = json.loads((tmp_path / "results" / "metrics.json").read_text())
    costs = read_costs(tmp_path / "results", read_results(tmp_path / "results")["hash"])
    for size in (5, 8):
        taus, r2s = [], []
        for seed in ("0", "1"):
            said = {
                model: [row for row in rows if row["model"] == f"{model}-{size}"]
                for model in ("gmn", "trees", "together")
            }
            columns = {
                model: numbers([r for r in own if (r["seed"], r["split"]) == (seed, "test")])
                for model, own in said.items()
            }
            true, gmn, trees, together = columns["gmn"][0], *(c[1] for c in columns.values())
            np.testing.assert_allclose(together, (gmn + trees) / 2, rtol=1e-14)
            assert np.abs(gmn - trees).max() > 1e-3
            taus.append(kendalltau(true, together).statistic)
            r2s.append(r2_score(true, together))
        own = scores[f"together-{size}"]
        assert own["tau"]["mean"] == pytest.approx(np.mean(taus))
        assert own["r2"]["mean"] == pytest.approx(np.mean(r2s))
        assert own["seeds"] == 2
        spent = costs[f"together-{size}"]
        members = [costs[f"gmn-{size}"], costs[f"trees-{size}"]]
        assert spent["training"] == pytest.approx(sum(one["training"] for one in members))
        assert spent["prediction"] == pytest.approx(sum(one["prediction"] for one in members))


def test_a_seed_that_a_member_lacks_has_no_ensemble() -> None:
    rows = [
        {
            "model": model,
            "seed": seed,
            "network": 3,
            "split": "test",
            "true": 0.5,
            "predicted": said,
        }
        for model, seed, said in [("a", 0, 0.1), ("a", 1, 0.3), ("b", 1, 0.7)]
    ]
    (row,) = ensemble_rows(rows, {"both": ["a", "b"]})
    assert row == {**rows[1], "model": "both", "predicted": pytest.approx(0.5)}
    assert ensemble_rows(rows, {"both": ["a", "c"]}) == []


def test_of_classes_the_likeliest_is_taken() -> None:
    """Of two that say yes by a little and one that says no for certain, the mean says no."""

    def row(model: str, said: str, probability: float) -> dict[str, Any]:
        about = {"seed": 0, "network": 0, "split": "test", "true": "no"}
        return {"model": model, **about, "predicted": said, "probability": probability}

    rows = [row("a", "yes", 0.6), row("b", "yes", 0.6), row("c", "no", 0.9)]
    (found,) = ensemble_rows(rows, {"all": ["a", "b", "c"]})
    assert found["predicted"] == "no"
    assert found["probability"] == pytest.approx((0.4 + 0.4 + 0.9) / 3, abs=1e-6)
    (found,) = ensemble_rows(rows, {"two": ["a", "b"]})
    assert (found["predicted"], found["probability"]) == ("yes", pytest.approx(0.6))


def test_names_go_by_the_number_of_networks() -> None:
    assert ensembles_of({"ensembles": {"all": ["a", "b"]}, "networks": [5, 7]}) == {
        "all-5": ["a-5", "b-5"], "all-7": ["a-7", "b-7"],
    }  # fmt: skip
    assert ensembles_of({"ensembles": {"all": ["a", "b"]}}) == {"all": ["a", "b"]}
    assert ensembles_of({}) == {}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ensembles": {"gmn": ["gmn", "trees"]}}, "'gmn' is a model"),
        ({"ensembles": {"all": ["gmn", "tree"]}}, "unknown model 'tree'; did you mean 'trees'"),
        ({"ensembles": {"all": ["gmn", "gmn"]}}, "twice"),
        ({"ensembles": {"all": ["gmn"]}}, "all"),
        (
            {"task": "embedding", "target": ["frequency"], "ensembles": {"all": ["gmn", "trees"]}},
            "are averaged",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(more: dict[str, Any], words: str) -> None:
    settings = {**section(), **more}
    if "task" in more:
        settings["models"] = {"gmn": GMN, "other": GMN}
        settings["ensembles"] = {"all": ["gmn", "other"]}
    with pytest.raises(SpecError, match="ensembles") as caught:
        read_settings({"train": settings})
    assert words in str(caught.value)
