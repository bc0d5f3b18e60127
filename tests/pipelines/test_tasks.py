"""Tasks: each learns what it is asked to, which a control does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spec
from graphgen import GraphSet
from pipelines import PipelineError, signals
from pipelines.metrics import class_scores, leading_value, ranking
from pipelines.runs.history import without_cost, write_history
from pipelines.runs.together import alone
from pipelines.settings import read_section
from pipelines.tasks.contrastive import nt_xent, two_views
from pipelines.tasks.edits import contrast, dilation
from pipelines.tasks.embedding import fit_readout, with_ones
from pipelines.tasks.encoded import signals_of
from pipelines.tasks.registry import TASKS, open_task, settings_of
from pipelines.training.fit import fit
from pipelines.training.grow import grow
from pipelines.training.run import Run
from pipelines.training.settings import SCHEMA
from pipelines.training.trained import Trained
from spec import SpecError

SMALL = {"hidden": 8, "layers": 1}
RECIPE: dict[str, Any] = {
    "epochs": 6,
    "batch_size": 8,
    "learning_rate": 1e-2,
    "weight_decay": 0.0,
    "gradient_norm": 1.0,
}


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write networks whose weights say their label, and of which another label says nothing."""
    rng = np.random.default_rng(0)
    layers = "[{linear: {out_features: 6}}, relu, {linear: {out_features: 1}}]"
    net = spec.loads(f"inputs: {{x: [2]}}\nlayers: {layers}\n")
    networks = []
    for i in range(80):
        size = 0.2 + 2 * (i % 2) + 0.4 * rng.random()
        weights = {
            name: (size * rng.normal(size=shape)).astype(np.float32)
            for name, shape in net.parameters.items()
        }
        labels = {"kind": ("small", "large")[i % 2], "size": size, "noise": int(rng.integers(2))}
        split = ("train", "train", "train", "validation", "test")[i // 2 % 5]
        networks.append(
            (net, weights, {"index": i, "family": "toy", "split": split} | {"labels": labels})
        )
    folder = tmp_path_factory.mktemp("toys") / "graphs"
    GraphSet.write(folder, networks)
    return folder


ABOUT: dict[str, Any] = {
    **dict.fromkeys(("run", "asked", "recipe", "code"), "0" * 64),
    "name": "it",
    "seed": 0,
    "scores": {"validation": {}},
    "trained_on": {
        "graph_set": "0" * 64,
        "networks": 1,
        "families": [],
        "parameters": [0, 0],
        "weights": [0, 0],
    },
}


def trained(
    graphs: Path, task: dict[str, Any], folder: Path, metanet: str = "gmn", seed: int = 0,
    options: dict[str, Any] = SMALL, **recipe: Any,
) -> tuple[Trained, dict[str, float]]:  # fmt: skip
    """Train in this process; give what was trained and its scores on test networks."""
    folder.mkdir(exist_ok=True)
    settings = {**RECIPE, **recipe}
    opened, fabric = open_task(task, GraphSet.open(graphs)), alone(torch.device("cpu"))
    result, rows = fit(metanet, options, settings, opened, seed, folder, "run", fabric)
    write_history(folder / "history.csv", without_cost(rows))
    measured = opened.measure(result.model, result.state, opened.indices["test"])
    return result, measured.scores


def test_a_classifier_learns_classes_that_differ(toys: Path, tmp_path: Path) -> None:
    task = {"task": "classification", "target": "labels.kind", "label_smoothing": 0.1}
    result, scores = trained(toys, task, tmp_path / "kind")
    assert scores["accuracy"] == scores["balanced_accuracy"] == 1.0
    assert result.state["classes"] == ["large", "small"]
    # The control: a label that the weights do not know.
    task = {"task": "classification", "target": "labels.noise"}
    _, scores = trained(toys, task, tmp_path / "noise", epochs=2)
    assert scores["accuracy"] < 0.9
    replace(result, task=settings_of(result.task)).save(tmp_path / "saved", ABOUT)
    again = Trained.load(tmp_path / "saved")
    opened = open_task(again.task, GraphSet.open(toys))
    assert opened.measure(again.model, again.state, opened.indices["test"]).scores["accuracy"] == 1


def test_trees_classify(toys: Path) -> None:
    task = open_task({"task": "classification", "target": "labels.kind"}, GraphSet.open(toys))
    found, tried = grow({"trees": 5, "min_samples_leaf": 4}, {"leaves": [2, 3]}, task, 0)  # type: ignore[arg-type]
    assert len(tried) == 2
    assert task.measure(found.model, found.state, task.indices["test"]).scores["accuracy"] == 1.0


def test_numbers_of_any_section_are_regressed(toys: Path, tmp_path: Path) -> None:
    task = {"target": "labels.size", "auxiliary": {"labels.kind": 0.1}}
    _, scores = trained(toys, task, tmp_path, epochs=10)
    assert scores["r2"] > 0.8


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"target": "labels.kind"}, "'labels.kind' of network 0 is 'small', expected a number"),
        ({"target": "accuracy"}, "network 0 has no metric 'accuracy'; it has: none"),
        (
            {"target": "labels.colour"},
            "network 0 has no `labels` 'colour'; it has: kind, noise, size",
        ),
        ({"task": "classification", "target": "labels.size"}, "expected a class: a word or"),
        ({"task": "editing", "edit": "dilation"}, "does not say which signals its networks encode"),
    ],
)
def test_tasks_that_do_not_fit_a_graph_set(toys: Path, task: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        open_task(task, GraphSet.open(toys))


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"name": "../digits", "seed": 0}, "unknown signals '../digits'"),
        ({"name": "sine_waves", "seed": 0}, "without amplitude, frequency, points"),
        ({"name": "solids", "seed": 0, "points": 10**30, "near_surface": 0.5}, "points"),
        ({"name": "solids", "seed": 0, "points": "many", "near_surface": 0.5}, "points"),
    ],
)
def test_signals_that_a_graph_set_says_wrongly(
    toys: Path, about: dict[str, Any], message: str
) -> None:
    graph_set = GraphSet.open(toys)
    graph_set.index["about"]["signals"] = about
    with pytest.raises(PipelineError, match=rf"index\.json: about\.signals: .*{message}"):
        signals_of(graph_set)
    # The control: signals as they are said rightly.
    graph_set.index["about"]["signals"] = {"name": "digits", "seed": 0}
    assert signals_of(graph_set) is not None


def test_edits_of_images() -> None:
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.random((2, 5, 4, 3)))
    found = dilation(images)
    for y in range(5):
        for x in range(4):
            near = images[:, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            assert torch.equal(found[:, y, x], near.amax((1, 2)))
    doubled = contrast(images)
    assert doubled.min() == 0
    assert doubled.max() == 1
    narrow = 0.5 + 0.1 * (images - images.mean((1, 2, 3), keepdim=True))
    assert torch.allclose(contrast(narrow).std(), 2 * narrow.std())
    assert torch.allclose(contrast(narrow).mean((1, 2, 3)), narrow.mean((1, 2, 3)))


def test_an_editor_does_better_than_nothing(digit_graphs: Path, tmp_path: Path) -> None:
    task = {"task": "editing", "edit": "dilation"}
    _, scores = trained(digit_graphs, task, tmp_path / "edit", epochs=12, learning_rate=3e-2)
    assert scores["mse"] < 0.9 * scores["unedited_mse"]
    assert scores["reconstruction_mse"] < 0.1 * scores["unedited_mse"]
    losses = np.loadtxt(tmp_path / "edit" / "history.csv", delimiter=",", skiprows=1)[:, 1]
    assert losses[-1] < losses[0]
    # The control: an editor that learns nothing does as well as none, nearly.
    some = {**task, "points_per_step": 5}
    result, scores = trained(digit_graphs, some, tmp_path / "none", epochs=1, learning_rate=1e-9)
    assert scores["mse"] == pytest.approx(scores["unedited_mse"], rel=0.2)
    with torch.no_grad():
        result.model.scale.zero_()  # type: ignore[operator, union-attr]
    opened = open_task(task, GraphSet.open(digit_graphs))
    scores = opened.measure(result.model, {}, opened.indices["test"]).scores
    assert scores["mse"] == scores["unedited_mse"]


def test_an_edit_is_of_the_original_image(digit_graphs: Path) -> None:
    task: Any = open_task({"task": "editing", "edit": "dilation"}, GraphSet.open(digit_graphs))
    chosen = [task.indices["validation"][0], task.indices["test"][0]]
    records = [task.graph_set.records[i] for i in chosen]
    digits = signals.load("digits")
    for value, record, split in zip(
        task.originals(chosen), records, ("train", "test"), strict=True
    ):
        signal = digits.signal(split, record["signal"])
        assert signal.labels == record["labels"]
        assert np.array_equal(value, signal.values)


def test_members_of_an_ensemble_are_averaged(digit_graphs: Path) -> None:
    task: Any = open_task({"task": "editing", "edit": "contrast"}, GraphSet.open(digit_graphs))
    model = task.make("gmn", {**SMALL, "members": 3})
    chosen = task.indices["test"]
    together = task.values(task.trained(model), chosen)
    alone = [
        task.values(task.trained(lambda batch, m=m: (model(batch)[m],)), chosen) for m in range(3)
    ]
    assert torch.allclose(together, torch.stack(alone).mean(0), atol=1e-6)
    assert not torch.allclose(alone[0], alone[1])


def test_nt_xent_against_its_definition() -> None:
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).double()
    unit = rows / rows.norm(dim=1, keepdim=True)
    losses = []
    for i in range(6):
        others = [j for j in range(6) if j != i]
        logits = {j: float(unit[i] @ unit[j]) / 0.5 for j in others}
        losses.append(np.log(sum(np.exp(list(logits.values())))) - logits[(i + 3) % 6])
    assert float(nt_xent(rows, 0.5)) == pytest.approx(np.mean(losses))
    equal = torch.cat([rows[:3], rows[:3]])
    assert nt_xent(equal, 0.1) < nt_xent(rows, 0.1)


def test_views_of_networks(toys: Path) -> None:
    from metanet import Batch

    batch = Batch.from_set(GraphSet.open(toys), [0, 1, 2])
    (part,) = two_views(batch, 0.2, 0.5, False).parts
    assert torch.equal(part.values[:3], batch.parts[0].values)
    assert part.positions == (0, 1, 2, 3, 4, 5)
    masked = (part.values[3:] == 0).double().mean()
    assert 0.3 < masked < 0.7
    (again,) = two_views(batch, 0.2, 0.5, False).parts
    assert not torch.equal(part.values[3:], again.values[3:])
    (noisy,) = two_views(batch, 0.2, 0.0, True).parts
    shift = noisy.values - batch.parts[0].values.repeat(2, 1)
    assert (shift.abs().mean(1) > 0).all()
    assert shift.std() < 0.5 * part.values.std()
    (same,) = two_views(batch, 0.0, 0.0, True).parts
    assert torch.equal(same.values[3:], batch.parts[0].values)


def test_an_embedding_knows_what_it_was_not_told(toys: Path, tmp_path: Path) -> None:
    task = {"task": "embedding", "target": ["labels.size"], "dimensions": 16}
    larger = {"hidden": 16, "layers": 2}
    result, scores = trained(toys, task, tmp_path / "a", options=larger)
    assert list(scores) == ["mse", "r2"]
    assert scores["r2"] > 0.85
    assert np.array(result.state["readout"]).shape == (17, 1)
    header = (tmp_path / "a" / "history.csv").read_text().splitlines()[0]
    assert header == "epoch,train_loss,validation_loss,validation_mse,validation_r2"
    noise = {"task": "embedding", "target": ["labels.noise"], "dimensions": 16}
    assert trained(toys, noise, tmp_path / "b", epochs=1, options=larger)[1]["r2"] < 0.5


def test_the_readout_is_the_least_squares_fit() -> None:
    rng = np.random.default_rng(0)
    embedded = torch.from_numpy(rng.normal(size=(20, 3)))
    labels = np.stack([embedded.numpy() @ [1.0, -2, 0.5] + 3, rng.normal(size=20)], axis=1)
    readout = np.array(fit_readout(embedded, labels))
    np.testing.assert_allclose(readout[:, 0], [1, -2, 0.5, 3], atol=1e-12)
    rest = labels - with_ones(embedded) @ readout
    np.testing.assert_allclose(with_ones(embedded).T @ rest, 0, atol=1e-10)


def test_the_leading_score_says_which_way_is_better() -> None:
    assert leading_value({"mse": 2.0, "psnr": 3.0}) == -2
    assert leading_value({"accuracy": 0.5, "balanced_accuracy": 0.25}) == 0.5
    found = {m: {"mse": {"mean": v, "std": 0.0}, "seeds": 1} for m, v in (("a", 2.0), ("b", 1.0))}
    assert ranking(found) == ["b", "a"]
    assert class_scores(["x", "x", "y"], ["x", "y", "y"])["balanced_accuracy"] == 0.75


def settings(folder: Path, **train: Any) -> Path:
    model = {"metanet": "gmn", "settings": SMALL, "training": RECIPE}
    file = folder / "params.yaml"
    file.write_text(json.dumps({"train": {"seeds": [0], "models": {"gmn": model}, **train}}))
    return file


def test_settings_are_those_of_the_task(tmp_path: Path) -> None:
    for name, own in (
        ("classification", {"target": "labels.class"}),
        ("editing", {"edit": "contrast", "points_per_step": 10}),
        ("embedding", {"target": ["labels.frequency"], "views": {"noise": 0.1}}),
        ("regression", {"target": "psnr"}),
    ):
        section = read_section(settings(tmp_path, task=name, **own), "train", SCHEMA)
        assert section["task"] == name
    for own, message in (
        ({"task": "editing"}, "edit"),
        ({"task": "editing", "edit": "dilation", "target": "x"}, "target"),
        ({"task": "embedding", "target": "x"}, "list"),
        ({"task": "painting", "target": "x"}, "painting"),
        ({}, "target"),
    ):
        with pytest.raises(SpecError, match=message):
            read_section(settings(tmp_path, **own), "train", SCHEMA)


@pytest.mark.parametrize(
    ("task", "model", "message"),
    [
        ("editing", "statnn", "unknown editor 'statnn'; known: "),
        ("embedding", "statnn", "is not trained by gradient descent, which the task 'embedding'"),
        ("embedding", "gnn", "unknown metanet 'gnn'"),
    ],
)
def test_models_that_cannot_do_a_task(task: str, model: str, message: str, tmp_path: Path) -> None:
    run = Run("it", 0, {"task": task}, {"metanet": model}, tmp_path, "", tmp_path, "")
    with pytest.raises(PipelineError, match=message):
        run.check()
    assert set(TASKS) == {"regression", "classification", "editing", "embedding"}
