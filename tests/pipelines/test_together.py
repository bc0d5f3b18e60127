"""Training on several zoos at once, going on from a run, and networks of another data set."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_toys import run_here

import spec
from graphgen import GraphSet
from graphgen.graph_set_writer import Packed
from graphgen.testing import random_weights
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.fingerprints import fingerprints
from pipelines.merge import merge
from pipelines.metrics.predictions import compare
from pipelines.tasks.registry import open_task
from pipelines.training import Predictor, train
from pipelines.training.planning import planned
from pipelines.training.start import begin
from pipelines.training.trained import Trained
from pipelines.views.settings import asked_views
from pipelines.views.storing import store_views
from spec import SpecError

NETS = {
    "small": """
        inputs: {x: [3]}
        layers: [linear: {out_features: 2}, relu, linear: {out_features: 2}]
        """,
    "large": """
        inputs: {x: [5]}
        layers: [linear: {out_features: 4}, tanh, linear: {out_features: 3}]
        """,
}
RECIPE = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
VIEWS = ["statistics", "rows"]
MODELS: dict[str, Any] = {
    "gmn": {
        "metanet": "gmn",
        "views": VIEWS,
        "settings": {"hidden": 4, "layers": 1, "width": 8},
        "training": RECIPE,
    },
    "mlp": {
        "metanet": "stat_mlp", "views": VIEWS, "settings": {"hidden": 4}, "training": RECIPE,
    },
}  # fmt: skip
SPLITS = ("train", "train", "validation", "test")


def networks(name: str, seed: int, dtype: Any) -> Any:
    """Give 16 networks that know their score by the mean of their first weights."""
    rng, net = np.random.default_rng(seed), spec.loads(NETS[name])
    for i in range(16):
        weights = random_weights(net, rng, dtype)
        score = 1 / (1 + np.exp(-4 * float(next(iter(weights.values())).mean())))
        metrics = {"test_accuracy": score, "loss": -3 * score + seed}
        record = {"index": 100 + i, "family": "mlp", "split": SPLITS[i % 4], "metrics": metrics}
        yield net, weights, record


def write_set(folder: Path, name: str, seed: int, dtype: Any = np.float32) -> GraphSet:
    return GraphSet.write(folder, networks(name, seed, dtype), 6)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the graph sets `one` and `two` with views, and `both`, merged of them."""
    folder = tmp_path_factory.mktemp("sets")
    for seed, (name, net) in enumerate({"one": "small", "two": "large"}.items()):
        write_set(folder / name, net, seed)
        store_views(folder / name, asked_views(["statistics"]), workers=1)
    merge(write_merge(folder), folder / "both", workers=1)
    return folder


def write_merge(folder: Path, views: Any = VIEWS, **zoos: Any) -> Path:
    zoos = zoos or {name: {"graphs": name} for name in ("one", "two")}
    file = folder / "merge.yaml"
    file.write_text(json.dumps({"merge": {"zoos": zoos, "views": views}}))
    return file


def write_train(folder: Path, models: Mapping[str, Any] = MODELS, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "train.yaml"
    section = {"target": "test_accuracy", "seeds": [0, 1], "models": models, **changes}
    file.write_text(json.dumps({"train": section}))
    return file


@pytest.fixture(scope="module")
def pretrained(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train both models on all networks of the merged set; give the folder of runs."""
    folder = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        train(write_train(folder), sets / "both", folder / "runs")
    return folder / "runs"


def going_on(runs: Path, name: str = "gmn", **changes: Any) -> dict[str, Any]:
    start = str(runs / f"{name}-seed{{seed}}")
    return {**MODELS, name: {**MODELS[name], "start": start, **changes}}


def test_merged_networks_are_those_of_their_zoos(sets: Path) -> None:
    both = GraphSet.open(sets / "both")
    place = 0
    for name in ("one", "two"):
        own = GraphSet.open(sets / name)
        for i, record in enumerate(own.records):
            merged = both.records[place]
            assert merged["zoo"] == name
            assert merged["index"] == place
            same = ("split", "family", "metrics", "architecture")
            assert [merged[key] for key in same] == [record[key] for key in same]
            there, here = own[i].tensors, both[place].tensors
            assert there.keys() == here.keys()
            assert all(there[key].tobytes() == here[key].tobytes() for key in there)
            for view in ("statistics",):
                assert np.array_equal(own.view(view)[i], both.view(view)[place])
            place += 1
    assert place == len(both)
    assert both.view("statistics").seconds["compute"] > 0  # taken over, with what it cost
    # The control: views that are computed for the merged set are the same.
    again = store_views(shutil.copytree(sets / "both", sets / "again"), [], workers=1)
    store_views(again.folder, asked_views(VIEWS), workers=1)
    for view in VIEWS:
        stored, computed = both.view(view), GraphSet.open(again.folder).view(view)
        assert all(np.allclose(stored[i], computed[i]) for i in range(len(both)))


def test_fingerprints_know_a_network_by_its_values_alone(sets: Path, tmp_path: Path) -> None:
    own, both = GraphSet.open(sets / "two"), GraphSet.open(sets / "both")
    marks = fingerprints(own, range(16))
    assert fingerprints(both, range(16, 32)) == marks
    assert len(set(marks)) == 16
    wide = GraphSet.write(
        tmp_path / "wide",
        (
            (net, {k: v.astype(np.float64) for k, v in weights.items()}, record)
            for net, weights, record in networks("large", 1, np.float32)
        ),
    )
    assert fingerprints(wide, range(16)) == marks
    # The control: one bit of one weight.
    net, weights, record = next(iter(networks("large", 1, np.float32)))
    first = next(iter(weights))
    weights[first] = weights[first].copy()
    weights[first].flat[0] = np.nextafter(weights[first].flat[0], np.float32(9))
    GraphSet.write(tmp_path / "other", [Packed.of([(net, weights, record)])])
    assert fingerprints(GraphSet.open(tmp_path / "other"), [0])[0] not in marks


def test_a_network_is_not_in_the_train_split_of_one_and_the_tests_of_another(
    sets: Path, tmp_path: Path
) -> None:
    moved = ((n, w, {**r, "split": SPLITS[(r["index"] + 1) % 4]}) for n, w, r in
             networks("small", 0, np.float32))  # fmt: skip
    GraphSet.write(tmp_path / "moved", moved)
    zoos = {"one": {"graphs": str(sets / "one")}, "moved": {"graphs": str(tmp_path / "moved")}}
    with pytest.raises(PipelineError, match=r"of one \(train\) is network . of moved \(.*and 9 mo"):
        merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # The control: the same networks in the same splits.
    more = [*networks("small", 0, np.float32), *networks("small", 7, np.float32)]
    GraphSet.write(tmp_path / "same", more)
    zoos["moved"] = {"graphs": str(tmp_path / "same")}
    assert len(merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")) == 48


def test_an_exam_is_of_one_data_set(sets: Path, tmp_path: Path) -> None:
    zoos = {name: {"graphs": str(sets / name)} for name in ("one", "two")}
    exam = [{"exam": {"steps": 1, "per_class": 1}}]
    with pytest.raises(SpecError, match=r"merge.yaml:1:\d+.*of one, two: keep it in the graph set"):
        merge(write_merge(tmp_path, exam, **zoos), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(PipelineError, match="these are of one, two"):
        store_views(shutil.copytree(sets / "both", tmp_path / "b"), asked_views(exam), workers=1)
    # The control: zoos of one data set.
    write_set(tmp_path / "more", "small", 5)
    same = {
        "one": {"graphs": str(sets / "one"), "dataset": "x"},
        "more": {"graphs": "more", "dataset": "x"},
    }
    assert merge(write_merge(tmp_path, exam, **same), tmp_path / "out", workers=1).views == (
        "exam",
    )


@pytest.mark.parametrize(
    ("zoos", "message"),
    [
        ({"a": {"graphs": "one"}, "b": {"graphs": "one"}}, "zoos.b: .* is the graph set of `a` ag"),
        ({"a": {"graphs": "both"}}, "zoos.a: .* is merged of one, two; name the graph sets of th"),
        ({"a": {"graph": "one"}}, "graph"),
        ({"a": {"graphs": "nowhere"}}, "nowhere"),
    ],
)
def test_mistakes_in_what_is_merged(sets: Path, zoos: Any, message: str, tmp_path: Path) -> None:
    zoos = {k: {n: str(sets / v) for n, v in zoo.items()} for k, zoo in zoos.items()}
    with pytest.raises(Exception, match=message) as caught:
        merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")
    assert type(caught.value).__name__ in ("SpecError", "GraphError", "PipelineError")


def test_scores_of_each_zoo_apart(sets: Path, pretrained: Path, tmp_path: Path) -> None:
    evaluate(pretrained, sets / "both", tmp_path / "results", workers=1)
    found = json.loads((tmp_path / "results/zoos.json").read_text())
    assert found.keys() == {"one", "two"}
    rows = (tmp_path / "results/predictions.csv").read_text().splitlines()
    header = rows[0].split(",")
    for zoo, splits in found.items():
        mine = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
        mine = [row for row in mine if row["zoo"] == zoo]
        assert splits["test"] == compare(mine)
        assert splits["test"]["gmn"]["tau"]["networks"] == 4
    # The control: a set of one zoo has no such file.
    evaluate(pretrained, sets / "one", tmp_path / "one", trained_on=sets / "both", workers=1)
    assert not (tmp_path / "one/zoos.json").exists()


@pytest.mark.parametrize("name", MODELS)
def test_a_training_begins_with_what_its_start_says(
    name: str, sets: Path, pretrained: Path, tmp_path: Path
) -> None:
    started = Trained.load(pretrained / f"{name}-seed1")
    graph_set = GraphSet.open(sets / "one")
    task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set, 4)
    _, runs = planned(write_train(tmp_path, going_on(pretrained, name)), sets / "one", tmp_path)
    run = replace(next(run for run in runs if run.name == name), seed=1)
    made, settings = run.made(task, started)
    model = task.make(made, settings)
    before = Predictor(replace(started, model=model)).predict_set(graph_set, range(16))
    wanted = Predictor(started).predict_set(graph_set, range(16))
    assert not np.allclose(before, wanted)  # the control: another draw of weights
    begin(model, task, started, "it")
    assert np.array_equal(
        Predictor(replace(started, model=model)).predict_set(graph_set, range(16)), wanted
    )
    state, other = model.state_dict(), started.model.state_dict()
    assert state.keys() == other.keys()
    assert all(torch.equal(state[key], other[key]) for key in state)


def test_the_scale_of_a_target_is_that_of_the_start(sets: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        only = {"mlp": MODELS["mlp"]}
        train(write_train(tmp_path, only, target="loss"), sets / "both", tmp_path / "runs")
        again = {"mlp": {**MODELS["mlp"], "start": str(tmp_path / "runs/mlp-seed0")}}
        file = write_train(tmp_path / "next", again, target="loss", seeds=[0])
        (run,) = train(file, sets / "one", tmp_path / "next/runs")
    there, here = Trained.load(tmp_path / "runs/mlp-seed0"), Trained.load(run.folder)
    assert here.state == there.state
    assert here.state["mean"] != pytest.approx(
        open_task(here.task, GraphSet.open(sets / "one")).targets.mean  # type: ignore[attr-defined]
    )


def test_a_changed_start_trains_again(
    sets: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    runs = Path(shutil.copytree(pretrained, tmp_path / "starts"))
    file = write_train(tmp_path / "next", going_on(runs), networks=[4])
    out = tmp_path / "next/runs"
    done = train(file, sets / "one", out, only="gmn")
    about = json.loads((out / "gmn-4-seed1/settings.json").read_text())
    assert about["start"]["name"] == "gmn"
    assert about["start"]["seed"] == 1
    assert [run.hash for run in train(file, sets / "one", out, only="gmn")] == [
        r.hash for r in done
    ]
    # Evaluated, the run is that of the settings.
    evaluate(out, sets / "one", tmp_path / "results", workers=1)
    # One of seed 1 alone is trained otherwise; as are then the weights of what goes on from it.
    longer = {**MODELS["gmn"], "training": {**RECIPE, "epochs": 3}}
    other = write_train(tmp_path / "other", {**MODELS, "gmn": longer})
    train(other, sets / "both", tmp_path / "other/runs", only="gmn")
    shutil.rmtree(runs / "gmn-seed1")
    shutil.copytree(tmp_path / "other/runs/gmn-seed1", runs / "gmn-seed1")
    changed = {r.seed: r.hash for r in planned_runs(file, sets / "one", out) if r.name == "gmn"}
    before = {run.seed: run.hash for run in done}
    assert changed[0] == before[0]
    assert changed[1] != before[1]
    with pytest.raises(PipelineError, match=r"gmn-4-seed1: trained by other settings"):
        train(file, sets / "one", out, only="gmn")
    # The control: the same start elsewhere is the same.
    moved = shutil.copytree(pretrained, tmp_path / "moved")
    file = write_train(tmp_path / "next", going_on(moved), networks=[4])
    again = {r.seed: r.hash for r in planned_runs(file, sets / "one", out) if r.name == "gmn"}
    assert again == before


def planned_runs(file: Path, graphs: Path, out: Path) -> list[Any]:
    settings, bare = planned(file, graphs, out)
    return [replace(run, seed=seed) for run in bare for seed in settings["seeds"]]


def test_networks_that_a_start_was_trained_on_are_not_tested_on(
    sets: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    moved = ((n, w, {**r, "split": SPLITS[::-1][r["index"] % 4]}) for n, w, r in
             networks("small", 0, np.float32))  # fmt: skip
    GraphSet.write(tmp_path / "moved", moved)
    file = write_train(tmp_path, going_on(pretrained))
    with pytest.raises(
        PipelineError, match=r"models.gmn.start: .*trained with 4 of the 4 networks"
    ):
        train(file, tmp_path / "moved", tmp_path / "runs", only="gmn")
    assert not (tmp_path / "runs").exists()
    train(file, tmp_path / "moved", tmp_path / "runs", only="mlp")  # without a start
    # What a start began with is remembered too.
    fresh = [*networks("small", 8, np.float32)]
    GraphSet.write(tmp_path / "fresh", fresh)
    train(file, tmp_path / "fresh", tmp_path / "second", only="gmn")
    file = write_train(tmp_path, going_on(tmp_path / "second"))
    with pytest.raises(PipelineError, match="trained with 4 of the 4 networks"):
        train(file, tmp_path / "moved", tmp_path / "third", only="gmn")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "nowhere"}, r"models.gmn.start: .*nowhere.*expected the folder of a finished"),
        ({"settings": {"hidden": 8, "layers": 1, "width": 8}}, "settings.hidden: 4 there, 8 now"),
        ({"views": ["rows"]}, r"settings.views: "),
        ({"metanet": "deepsets", "settings": {"hidden": 4, "layers": 1}}, "settings.metanet: "),
        ({"metanet": "stat_mlp", "settings": {}}, "is a Viewed, but the model .* a StatMLP"),
        ({"metanet": "statnn", "settings": {}}, "is fitted at once, and does not go on"),
        ({"start": 3}, "start"),
    ],
)  # fmt: skip
def test_mistakes_in_a_start(
    sets: Path, pretrained: Path, changes: Any, message: str, tmp_path: Path
) -> None:
    file = write_train(tmp_path, going_on(pretrained, **changes))
    with pytest.raises((PipelineError, SpecError), match=message):
        train(file, sets / "one", tmp_path / "runs", only="gmn")
    assert not (tmp_path / "runs").exists()


def test_another_task_does_not_go_on(sets: Path, pretrained: Path, tmp_path: Path) -> None:
    file = write_train(tmp_path, going_on(pretrained), target="loss")
    with pytest.raises(PipelineError, match='task.target: "test_accuracy" there, "loss" now'):
        train(file, sets / "one", tmp_path / "runs", only="gmn")


def test_networks_of_another_set_are_predicted(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    file = write_train(tmp_path)
    train(file, sets / "one", tmp_path / "runs")
    with pytest.raises(PipelineError, match="trained on the graph set .* as --trained-on, where"):
        evaluate(tmp_path / "runs", sets / "two", tmp_path / "results")
    found = evaluate(
        *(tmp_path / "runs", sets / "two", tmp_path / "results", file),
        trained_on=sets / "one", workers=1,
    )  # fmt: skip
    assert found["gmn"]["tau"]["networks"] == 4
    of = json.loads((tmp_path / "results/results.json").read_text())["of"]
    assert of["trained_on"] == GraphSet.open(sets / "one").hash
    assert of["graph_set"] == GraphSet.open(sets / "two").hash
    predictor = Predictor.load(tmp_path / "runs/gmn-seed0")
    graph_set = GraphSet.open(sets / "two")
    chosen = [i for i, row in enumerate(graph_set.records) if row["split"] == "test"]
    true = np.array([graph_set.records[i]["metrics"]["test_accuracy"] for i in chosen])
    errors = np.abs(predictor.predict_set(graph_set, chosen) - true)
    other = Predictor.load(tmp_path / "runs/gmn-seed1").predict_set(graph_set, chosen)
    expected = (errors.mean() + np.abs(other - true).mean()) / 2
    assert found["gmn"]["mae"]["mean"] == pytest.approx(expected)
    # Networks that it was trained on are refused, wherever they stand.
    moved = ((n, w, {**r, "split": SPLITS[::-1][r["index"] % 4]}) for n, w, r in
             networks("small", 0, np.float32))  # fmt: skip
    GraphSet.write(tmp_path / "moved", moved)
    with pytest.raises(PipelineError, match=r"gmn-seed0: it was trained with 4 of the 4 networks"):
        evaluate(
            *(tmp_path / "runs", tmp_path / "moved", tmp_path / "more"), trained_on=sets / "one"
        )
    assert not (tmp_path / "more").exists()
