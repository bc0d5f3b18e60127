"""Losses of a regression: shares by their cross-entropy, other numbers by squared errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spec
from graphgen import GraphError, GraphSet
from graphgen.testing import random_weights
from pipelines.errors import PipelineError
from pipelines.runs.together import alone
from pipelines.tasks.losses import is_share, mean_loss
from pipelines.tasks.registry import open_task, settings_of
from pipelines.tasks.targets import read_targets
from pipelines.training.fit import fit
from pipelines.training.grow import grow
from pipelines.training.trained import Trained
from tests.pipelines.test_tasks import ABOUT, RECIPE, SMALL


def level(i: int) -> float:
    return (i % 8) / 7


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> GraphSet:
    """Write networks whose scale says their share, which is as often 0 and 1 as between."""
    net = spec.loads("inputs: {x: [2]}\nlayers: [linear: {out_features: 3}]\n")
    made, generator = [], np.random.default_rng(0)
    for i in range(64):
        weights = random_weights(net, generator, np.float32)
        scale = 0.2 + 2 * level(i)
        weights = {name: scale * np.sign(array) for name, array in weights.items()}
        record = {
            "index": i,
            "family": "toy",
            "split": ("train", "train", "validation", "test")[i // 8 % 4],
            "metrics": {
                "test_accuracy": level(i),
                "percent_accuracy": 100 * level(i),
                "test_loss": 0.9 - 0.5 * level(i),
            },
            "training": {"train_fraction": 0.1 + 0.9 * level(i), "label_smoothing": 0.2 * level(i)},
        }
        made.append((net, weights, record))
    return GraphSet.write(tmp_path_factory.mktemp("shares") / "graphs", made)


KINDS = {
    "test_accuracy": "cross_entropy",
    "training.train_fraction": "cross_entropy",
    "percent_accuracy": "squared_error",  # by its range
    "test_loss": "squared_error",  # by its name
    "training.label_smoothing": "squared_error",
    "log10 training.train_fraction": "squared_error",
}


@pytest.mark.parametrize("target", KINDS)
def test_the_loss_is_that_of_the_kind_of_the_target(graphs: GraphSet, target: str) -> None:
    task = open_task({"target": target}, graphs)
    state = task.state(task.make("gmn", SMALL))
    assert state["loss"] == KINDS[target]
    assert is_share(read_targets(graphs, target)) == (KINDS[target] == "cross_entropy")
    assert set(state) - {"target", "loss"} == (
        set() if KINDS[target] == "cross_entropy" else {"mean", "deviation"}
    )


def test_a_loss_that_is_asked_for_is_taken_or_refused(graphs: GraphSet) -> None:
    for target in ("test_accuracy", "test_loss"):
        for loss in ("cross_entropy", "squared_error"):
            task = open_task({"target": target, "loss": loss}, graphs)
            assert task.state(task.make("gmn", SMALL))["loss"] == loss
    with pytest.raises(PipelineError, match=r"'percent_accuracy' of network 1 is 14.28.*squared"):
        open_task({"target": "percent_accuracy", "loss": "cross_entropy"}, graphs)


def test_the_cross_entropy_is_that_of_two_outcomes() -> None:
    logits = torch.linspace(-6, 6, 25, dtype=torch.float64, requires_grad=True)
    shares = torch.linspace(0, 1, 25, dtype=torch.float64)
    p = logits.sigmoid()
    slow = -4 * (shares * p.log() + (1 - shares) * (1 - p).log()).mean()
    loss = mean_loss("cross_entropy", logits, shares)
    torch.testing.assert_close(loss, slow, rtol=1e-12, atol=1e-12)
    (gradient,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(gradient, 4 * (p - shares).detach() / 25, rtol=1e-12, atol=1e-12)
    # Near one half it is half the square of the logit; the control: far from there it is not.
    near, half = torch.tensor([1e-3], dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)
    rise = mean_loss("cross_entropy", near, half) - mean_loss("cross_entropy", 0 * near, half)
    torch.testing.assert_close(rise, near[0] ** 2 / 2, rtol=1e-6, atol=0)
    far = mean_loss("cross_entropy", 5e3 * near, half) - mean_loss("cross_entropy", 0 * near, half)
    assert far < 12
    assert torch.isfinite(mean_loss("cross_entropy", 1e9 * near, half))


def run(graphs: GraphSet, settings: dict[str, Any], folder: Path) -> tuple[Trained, Any, Any]:
    task = open_task(settings, graphs)
    recipe, fabric = {**RECIPE, "epochs": 30}, alone(torch.device("cpu"))
    trained, rows = fit("gmn", SMALL, recipe, task, 0, folder, "run", fabric)
    return trained, rows, task


@pytest.mark.parametrize("loss", ["auto", "squared_error"])
def test_what_is_read_is_in_the_units_of_the_target(
    graphs: GraphSet, tmp_path: Path, loss: str
) -> None:
    settings = {"target": "test_accuracy", "loss": loss, "auxiliary": {"metrics.test_loss": 0.1}}
    trained, rows, task = run(graphs, settings, tmp_path)
    chosen = task.indices["validation"]
    measured = task.measure(trained.model, trained.state, chosen)
    assert measured.scores["r2"] > 0.9
    predicted = np.array([row["predicted"] for row in measured.rows])
    true = np.array([row["true"] for row in measured.rows])
    inside = bool(((predicted >= 0) & (predicted <= 1)).all())
    assert inside or loss == "squared_error"
    expected = (
        -4 * np.mean(true * np.log(predicted) + (1 - true) * np.log1p(-predicted))
        if loss == "auto"
        else np.mean((predicted - true) ** 2) / task.targets.deviation**2
    )
    assert float(rows[-1]["validation_loss"]) == pytest.approx(expected, rel=1e-5)
    # The control: outputs of one loss that are read by the other are others.
    other = task.state(trained.model) | {"mean": 0.0, "deviation": 1.0}
    other["loss"] = "squared_error" if loss == "auto" else "cross_entropy"
    assert task.measure(trained.model, other, chosen).scores["r2"] < measured.scores["r2"] - 0.1


def test_trees_have_squared_errors_of_shares_too(graphs: GraphSet) -> None:
    for loss in ("auto", "cross_entropy"):
        task: Any = open_task({"target": "test_accuracy", "loss": loss}, graphs)
        found, _ = grow({"trees": 40, "min_samples_leaf": 2}, {}, task, 0)
        assert found.state["loss"] == "squared_error"
        assert task.misfit(found.state, task.settings, found.model) is None
        wrong = {"target": "test_accuracy", "loss": "cross_entropy"}
        assert "`loss` is 'cross_entropy'" in task.misfit(wrong, task.settings, found.model)
        scores = task.measure(found.model, found.state, task.indices["test"]).scores
        assert scores["r2"] > 0.9


def test_saved_runs_say_their_loss_and_older_ones_are_refused(
    graphs: GraphSet, tmp_path: Path
) -> None:
    task = open_task({"target": "test_accuracy"}, graphs)
    model = task.make("gmn", SMALL)
    Trained("gmn", model, task.settings, task.state(model)).save(tmp_path / "run", ABOUT)
    assert settings_of(task.settings)["loss"] == "auto"
    again = Trained.load(tmp_path / "run")
    assert again.state == {"target": "test_accuracy", "loss": "cross_entropy"}
    path = tmp_path / "run" / "settings.json"
    written = path.read_text()
    path.write_text(json.dumps({**json.loads(written), "version": 1}))
    with pytest.raises(GraphError, match=r"got version 1 .* make it again by `gmn train`"):
        Trained.load(tmp_path / "run")


WRONG = {
    "another loss": {"loss": "squared_error", "mean": 0.0, "deviation": 1.0},
    "no mean": {"loss": "squared_error"},
    "a mean of nothing": {"loss": "cross_entropy", "mean": 0.0},
    "no loss": {"mean": 0.0, "deviation": 1.0},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_learned_must_be_of_the_loss(graphs: GraphSet, tmp_path: Path, name: str) -> None:
    task = open_task({"target": "test_accuracy", "loss": "cross_entropy"}, graphs)
    model = task.make("gmn", SMALL)
    state = {"target": "test_accuracy", **WRONG[name]}
    trained = Trained("gmn", model, task.settings, state)
    if name == "another loss":
        trained.save(tmp_path / "run", ABOUT)
        with pytest.raises(PipelineError, match="learned: `loss` is 'squared_error', but that of"):
            Trained.load(tmp_path / "run")
        return
    with pytest.raises(GraphError, match="learned"):
        trained.save(tmp_path / "run", ABOUT)
