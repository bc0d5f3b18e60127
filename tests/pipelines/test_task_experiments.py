"""Experiments of every task from a zoo to its report, and what `gmn` does with their models."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
from graphgen import GraphSet
from graphgen.files import read_weights, write_weights
from pipelines import PipelineError, signals
from pipelines.cli import main
from pipelines.evaluation import evaluate
from pipelines.experiment import write_experiment_report
from pipelines.report.blocks import Pictures, Section
from pipelines.report.page import document
from pipelines.report.pictures import curve
from pipelines.runs.collection import collecting, commit
from pipelines.tasks.registry import open_task
from pipelines.tasks.task import outputs_of
from pipelines.training import Editor
from pipelines.training.planning import planned
from pipelines.training.run import Run
from pipelines.training.trained import Trained
from tests.pipelines.report_page import checked
from tests.pipelines.test_tasks import RECIPE, SMALL, settings


def executed(file: Path, graphs: Path, out: Path, processes: int = 1) -> list[Run]:
    """Make the runs of settings in this process, and put them in their places."""
    _, runs = planned(file, graphs, out)
    with collecting(out, runs, replace=False) as new:
        for run in runs:
            run.execute(processes)
        commit(new, runs)
    return runs


def experiment(folder: Path, graphs: Path, **train: Any) -> Path:
    """Train, evaluate and report in a folder; give the report."""
    recipe = {**RECIPE, "epochs": 2}
    model = {"metanet": "gmn", "settings": SMALL, "training": recipe}
    models = {"gmn": model, **train.pop("models", {})}
    file = settings(folder, models=models, **train)
    executed(file, graphs, folder / "out" / "train")
    evaluate(folder / "out" / "train", graphs, folder / "out" / "results")
    return write_experiment_report(folder, file, graphs.parent / "zoo", graphs)


def test_an_experiment_of_classification(
    digit_graphs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trees = {"metanet": "statnn", "settings": {"trees": 3, "min_samples_leaf": 2}}
    probed = {
        "metanet": "gmn",
        "settings": {**SMALL, "probes": 4},
        "training": {**RECIPE, "epochs": 1},
    }
    models = {"statnn": trees, "probed": probed}
    own = {"task": "classification", "target": "labels.class", "models": models}
    page = checked(experiment(tmp_path, digit_graphs, **own).read_text())
    assert "Predicting class from weights" in page.text
    assert "Which class is taken for which" in page.text
    with (tmp_path / "out" / "results" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"validation", "test"}
    tests = [row for row in rows if row["split"] == "test" and row["model"] == "gmn"]
    right = np.mean([row["true"] == row["predicted"] for row in tests])
    metrics = json.loads((tmp_path / "out" / "results" / "metrics.json").read_text())
    assert metrics["gmn"]["accuracy"]["mean"] == pytest.approx(right)
    net, weights = a_network(digit_graphs, tmp_path)
    for model in ("gmn", "probed", "statnn"):
        run = str(tmp_path / "out" / "train" / f"{model}-seed0")
        capsys.readouterr()
        main(["predict", run, str(net), str(weights)])
        said = capsys.readouterr().out
        assert re.search(r"labels.class (\d) \(\1: 0\.\d+, ", said)
    with pytest.raises(SystemExit):
        main(["edit", run, str(net), str(weights), "--out", str(tmp_path / "e.safetensors")])
    assert "writes no weights; apply it by `gmn predict`" in capsys.readouterr().err


def test_an_experiment_of_editing(
    digit_graphs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {**RECIPE, "epochs": 1}
    several = {"metanet": "gmn", "settings": {**SMALL, "members": 2}, "training": recipe}
    own = {"task": "editing", "edit": "dilation", "models": {"two": several}}
    text = experiment(tmp_path, digit_graphs, **own).read_text()
    images = re.findall(r'<img src="data:image/png;base64,[\w+/=]+" alt="[^"]+">', text)
    assert len(images) == 8 * 4
    page = checked(re.sub(r"<img [^>]+>", "", text))
    assert "Networks left as they are have an MSE of 0." in page.text
    assert "MSE unedited" in page.text
    net, weights = a_network(digit_graphs, tmp_path)
    train = tmp_path / "out" / "train"
    for name, out, files in (
        ("gmn", "edited.safetensors", ["edited"]),
        ("two", "edited", ["edited/0", "edited/1"]),
    ):
        run = train / f"{name}-seed0"
        main(["edit", str(run), str(net), str(weights), "--out", str(tmp_path / out)])
        for file in files:
            edited = read_weights(tmp_path / f"{file}.safetensors")
            before = read_weights(weights)
            assert {k: v.shape for k, v in edited.items()} == {
                k: v.shape for k, v in before.items()
            }
            assert any(not np.array_equal(edited[k], before[k]) for k in before)
    # What is written decodes to what evaluation saw.
    editor = Editor.load(train / "gmn-seed0")
    graph_set = GraphSet.open(digit_graphs)
    task: Any = open_task(editor.trained.task, graph_set)
    chosen = task.indices["test"][:1]
    seen = task.show(task.trained(editor.trained.model), chosen)["after"][0]
    ((edited_graph,),) = editor.edit([graph_set[chosen[0]]])
    architecture = next(iter(graph_set.architectures.values()))
    found = graphgen.evaluate(architecture, edited_graph.weights(), task.coordinates.numpy())
    np.testing.assert_allclose(found + 0.5, seen.numpy(), atol=1e-5)
    with pytest.raises(SystemExit):
        main(["predict", str(train / "gmn-seed0"), str(net), str(weights)])
    assert "predicts nothing; apply it by `gmn edit`" in capsys.readouterr().err


def test_an_experiment_of_embedding(digit_graphs: Path, tmp_path: Path) -> None:
    own = {"task": "embedding", "target": ["labels.class", "psnr"], "dimensions": 3}
    text = experiment(tmp_path, digit_graphs, **own).read_text()
    images = re.findall(r'<img src="data:image/png;base64,[\w+/=]+" alt="([^"]+)">', text)
    graph_set = GraphSet.open(digit_graphs)
    task: Any = open_task(own, graph_set)
    tests, train = task.indices["test"][:6], task.indices["train"]
    assert len(images) == len(tests) * 6
    assert images[1] == "neighbour 1 of test network 0"
    # The pictures are of the networks next to each by the angle between embeddings.
    model = Trained.load(tmp_path / "out" / "train" / "gmn-seed0").model
    embedded = outputs_of(model, graph_set, [*tests, *train]).double().numpy()
    embedded /= np.linalg.norm(embedded, axis=1, keepdims=True)
    shown = read_weights(tmp_path / "out" / "results" / "examples.safetensors")["gmn.nearest"]
    digits = signals.load("digits")
    numbers = [graph_set.records[i]["signal"] for i in train]
    known = np.stack([digits.signal("train", number).values.ravel() for number in numbers])
    for query, pictures, row in zip(tests, shown, embedded, strict=False):
        own = digits.signal("test", graph_set.records[query]["signal"]).values
        np.testing.assert_array_equal(pictures[0].ravel(), own.ravel())
        similar = embedded[len(tests) :] @ row
        found = [similar[(known == image.ravel()).all(1)].max() for image in pictures[1:]]
        np.testing.assert_allclose(found, np.sort(similar)[::-1][:5], atol=1e-6)
        assert np.sort(similar)[-5] > similar.min() + 1e-5  # control: not all are alike
    page = checked(re.sub(r"<img [^>]+>", "", text))
    assert "by linear regression to class and psnr" in page.text
    assert sum("read from the embedding" in label for label in page.charts) == 2


def test_curves_of_nearest_networks_share_their_scale() -> None:
    drawn = curve(np.array([-1.0, 0.0, 1.0]), (-1.0, 3.0), "a <wave>")
    assert drawn.points == "5.0,95.0 50.0,72.5 95.0,50.0"
    assert curve(np.zeros(2), (0.0, 0.0), "flat").points == "5.0,95.0 95.0,95.0"
    text = document("Curves", [], [Section("Nearest", [Pictures("all", [("row", [drawn])])])])
    assert 'aria-label="a &lt;wave&gt;"' in text
    assert f'points="{drawn.points}"' in text


def test_runs_of_two_tasks_are_not_evaluated_together(digit_graphs: Path, tmp_path: Path) -> None:
    trees = {"metanet": "statnn", "settings": {"trees": 3, "min_samples_leaf": 2}}
    for name, own in (
        ("a", {"task": "classification", "target": "labels.class"}),
        ("b", {"target": "psnr"}),
    ):
        file = settings(tmp_path, models={name: trees}, **own)
        executed(file, digit_graphs, tmp_path / "train" / name)
        evaluate(tmp_path / "train" / name, digit_graphs, tmp_path / f"results-{name}")
    with pytest.raises(PipelineError, match=r"a-seed0 and .*b-seed0 are of two kinds of task"):
        evaluate(tmp_path / "train", digit_graphs, tmp_path / "results")


@pytest.mark.long
@pytest.mark.parametrize("name", ["editing", "embedding"])
def test_processes_share_every_task(name: str, digit_graphs: Path, tmp_path: Path) -> None:
    own = {"edit": "dilation"} if name == "editing" else {"target": ["psnr"], "dimensions": 3}
    curves = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        file = settings(folder, task=name, **own)
        (run,) = executed(file, digit_graphs, folder / "train", processes)
        curves.append(np.loadtxt(run.folder / "history.csv", delimiter=",", skiprows=1))
    assert np.isfinite(curves[1]).all()
    if name == "editing":
        np.testing.assert_allclose(curves[0][:, 1:3], curves[1][:, 1:3], rtol=1e-3)


def a_network(graphs: Path, folder: Path) -> tuple[Path, Path]:
    """Write the description and the weights of a test network; give both files."""
    graph_set = GraphSet.open(graphs)
    i = next(i for i, row in enumerate(graph_set.records) if row["split"] == "test")
    write_weights(folder / "net.safetensors", graph_set[i].weights())
    return graphs.parent / "net.yaml", folder / "net.safetensors"
