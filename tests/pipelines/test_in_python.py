"""The stages as functions: from objects to objects, the same as by folders and commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from lightning_fabric.loggers.csv_logs import CSVLogger

import graphgen
import pipelines
from pipelines.cli import gmn
from tests.pipelines.conftest import ARCHITECTURES, ZOO

SPLITS = {"train": 0.5, "validation": 0.25, "test": 0.25}
TRAIN: dict[str, Any] = {
    "target": "test_accuracy",
    "seeds": [0],
    "models": {
        "deep": {
            "metanet": "deepsets",
            "settings": {"hidden": 4, "layers": 1},
            "training": {
                "epochs": 2,
                "batch_size": 4,
                "learning_rate": 0.01,
                "weight_decay": 0.0,
                "gradient_norm": 1.0,
            },
        }
    },
}


def test_an_experiment_in_memory_alone(
    graphs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    zoo = pipelines.Zoo.open(graphs.parent / "zoo")
    compiled = pipelines.compile(zoo, {"seed": 0, "splits": SPLITS})
    assert len(compiled) == len([r for r in zoo.records if r["status"] == "trained"])
    told: list[tuple[str, Mapping[str, object]]] = []
    logs: list[str] = []

    def loggers(run: str) -> list[CSVLogger]:
        logs.append(run)
        return [CSVLogger(tmp_path / "logs", run, flush_logs_every_n_steps=1)]

    runs = pipelines.train(
        compiled, TRAIN, on_epoch=lambda run, row: told.append((run, row)), loggers=loggers
    )
    assert list(runs) == ["deep-seed0"] == logs
    assert [(run, row["epoch"]) for run, row in told] == [("deep-seed0", 1), ("deep-seed0", 2)]
    assert [row["epoch"] for row in runs.history("deep-seed0")] == [1, 2]
    assert runs.history("deep-seed0")[-1]["train_loss"] == told[-1][1]["train_loss"]
    assert len(list((tmp_path / "logs").rglob("metrics.csv"))) == 1
    results = pipelines.evaluate(runs, compiled)
    assert str(results).startswith("model")
    tests = compiled.select(split="test")
    predicted = pipelines.predict(runs["deep-seed0"], tests)
    alike = runs["deep-seed0"].predict(list(tests))
    np.testing.assert_allclose(predicted, alike, rtol=1e-5)
    whole = pipelines.predict(runs.folder / "deep-seed0", compiled.folder)
    np.testing.assert_allclose(whole[places_of_tests(compiled)], alike, rtol=1e-5)
    error = np.abs(predicted - tests.column("metrics.test_accuracy")).mean()
    assert results.scores["deep"]["mae"]["mean"] == pytest.approx(error)
    assert results.of("validation")["deep"]
    # Nothing is printed, and nothing is left in the current folder.
    assert capsys.readouterr() == ("", "")
    assert not list(Path().iterdir())
    # The same numbers as by the command.
    (tmp_path / "train.yaml").write_text(json.dumps(TRAIN))
    words = ["train", str(compiled.folder), "--out", str(tmp_path / "train"), "--workers", "1"]
    done = CliRunner().invoke(gmn, [*words, "--params", str(tmp_path / "train.yaml")])
    assert done.exit_code == 0, done.output
    other = pipelines.Runs(tmp_path / "train")["deep-seed0"]
    np.testing.assert_array_equal(other.predict(list(tests)), alike)


def places_of_tests(graphs: graphgen.GraphSet) -> list[int]:
    return [i for i, record in enumerate(graphs.records) if record["split"] == "test"]


def test_a_zoo_of_plain_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp.yaml").write_text(json.dumps(ARCHITECTURES["mlp.yaml"]))
    settings = {**ZOO, "count": 3, "architectures": ZOO["architectures"][:1]}
    told: list[int] = []
    zoo = pipelines.zoo(settings, workers=1, on_network=lambda about: told.append(about["index"]))
    assert sorted(told) == [0, 1, 2]
    assert len(zoo) == 3
    network = zoo[-1]
    assert network.record["index"] == 2
    graphgen.compile(network.net, network.weights).check_values()
    assert zoo.column("family").tolist() == ["mlp"] * 3
    (tmp_path / "params.yaml").write_text(json.dumps({"zoo": settings}))
    assert pipelines.zoo("params.yaml", zoo.folder).hash == zoo.hash
    text = pipelines.card(zoo, tmp_path / "zoo.md")
    assert "3 networks" in text
    assert (tmp_path / "zoo.md").read_text() == text
    for wrong in (3, -4, 1.5, True):
        with pytest.raises(pipelines.PipelineError, match="there is no network"):
            zoo[wrong]
    with pytest.raises(
        import_module("spec").SpecError, match="settings: zoo.count|settings: count"
    ):
        pipelines.zoo({**settings, "count": "many"})


def test_graph_sets_are_merged(graphs: Path) -> None:
    one = graphgen.GraphSet.open(graphs)
    with pytest.raises(pipelines.PipelineError, match="is the graph set of `digits` again"):
        pipelines.union({"digits": one, "again": graphs})
    with pytest.raises(pipelines.PipelineError, match="`digits` is a part of the graph set"):
        pipelines.union({"digits": one[:3]})


@pytest.mark.parametrize("wrong", [3, None, ["a"]])
def test_what_is_no_folder(wrong: Any) -> None:
    with pytest.raises(pipelines.PipelineError, match="`graphs` is a .*; expected the path of"):
        pipelines.train(wrong, TRAIN)


def test_watched_runs_have_one_process(graphs: Path) -> None:
    with pytest.raises(pipelines.PipelineError, match="got 2 processes for each run, and loggers"):
        pipelines.train(graphs, TRAIN, processes=2, on_epoch=print)
