"""Fitting: networks learn, as PyTorch's own loop would teach them, and to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import graphgen
import spec
from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.zoo.fit import FittedNetwork, fit
from pipelines.zoo.sampling import NetworkPlan, plan
from pipelines.zoo.settings import read_settings

RECIPE = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "label_smoothing": 0.1,
    "epochs": 2,
    "batch_size": 32,
    "train_fraction": 1.0,
    "schedule": "cosine",
}
Planner = Callable[..., NetworkPlan]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


@pytest.fixture
def planned(write_zoo: Callable[..., Path]) -> Planner:
    """Plan a network of a family, with changes of the recipe."""
    settings = read_settings(write_zoo(count=100))
    plans = [plan(settings, i) for i in range(20)]

    def choose(family: str, **changes: Any) -> NetworkPlan:
        first = next(p for p in plans if p.family == family and p.variables.get("width", 5) == 5)
        return replace(first, training={**RECIPE, **changes})

    return choose


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def bits(fitted: FittedNetwork) -> tuple[object, ...]:
    weights = {name: array.tobytes() for name, array in fitted.weights.items()}
    return fitted.status, weights, fitted.metrics


@pytest.mark.parametrize("family", ["mlp", "cnn"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_networks_learn(planned: Planner, digits: Dataset, family: str, optimizer: str) -> None:
    fitted = fit(planned(family, optimizer=optimizer, learning_rate=0.03, epochs=6), digits)
    assert fitted.status == "trained"
    assert fitted.metrics["test_accuracy"] > 0.5
    assert 0 < fitted.metrics["train_loss"] < fitted.metrics["test_loss"] + 0.2 < 2


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_fitting_is_the_same_bit_for_bit(planned: Planner, digits: Dataset, family: str) -> None:
    network = planned(family)
    first = bits(fit(network, digits))
    torch.set_num_threads(2)
    torch.rand(3)
    assert bits(fit(network, digits)) == first
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("seed", ["weights", "data_order", "dropout"])
def test_control_each_seed_matters(planned: Planner, digits: Dataset, seed: str) -> None:
    network = planned("cnn")
    other = replace(network, seeds=replace(network.seeds, **{seed: 1}))
    assert network.variables["dropout"] > 0
    assert bits(fit(network, digits)) != bits(fit(other, digits))


def test_the_callers_random_numbers_are_left_alone(planned: Planner, digits: Dataset) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(planned("cnn", epochs=1), digits)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_gradients_that_lie_otherwise_in_memory_are_applied_where_they_belong(
    planned: Planner, digits: Dataset, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = spec.load(spec.__path__[0] + "/nets/p4_cnn.yaml", width=2)
    network = replace(planned("mlp", optimizer=optimizer, train_fraction=0.1), net=net)
    fitted = fit(network, digits)

    def plain(parameters: list[torch.Tensor], recipe: dict[str, Any]) -> torch.optim.Optimizer:
        rates = {"lr": recipe["learning_rate"], "weight_decay": recipe["weight_decay"]}
        if optimizer == "adam":
            return torch.optim.Adam(parameters, **rates, foreach=False)
        return torch.optim.SGD(parameters, **rates, momentum=0.9, foreach=False)

    monkeypatch.setattr(import_module("pipelines.zoo.fit"), "_optimizer", plain)
    expected = fit(network, digits)
    for name, array in fitted.weights.items():
        np.testing.assert_allclose(array, expected.weights[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_is_that_of_a_plain_loop_in_torch(
    planned: Planner, digits: Dataset, optimizer: str
) -> None:
    network = planned("mlp", optimizer=optimizer, train_fraction=0.5)
    width = network.variables["width"]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    generator = torch.Generator().manual_seed(network.seeds.weights)
    with torch.no_grad():
        for layer in (model[1], model[3]):
            for tensor in (layer.weight, layer.bias):
                bound = layer.in_features**-0.5
                tensor.copy_((2 * torch.rand(tensor.shape, generator=generator) - 1) * bound)
    steps = 2 * math.ceil(500 / 32)
    decay = {"lr": 0.01, "weight_decay": 1e-4}
    if optimizer == "adam":
        optim: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), **decay)
    else:
        optim = torch.optim.SGD(model.parameters(), **decay, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optim, steps)
    order = torch.Generator().manual_seed(network.seeds.data_order)
    chosen = torch.randperm(1000, generator=order)[:500]
    images, labels = torch.tensor(digits.train_images), torch.tensor(digits.train_labels)
    for _ in range(2):
        for batch in chosen[torch.randperm(500, generator=order)].split(32):
            optim.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch], label_smoothing=0.1)
            loss.backward()
            optim.step()
            schedule.step()
    fitted = fit(network, digits)
    state = model.state_dict()
    for (name, array), tensor in zip(fitted.weights.items(), state.values(), strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)
    loss = F.cross_entropy(model(images[chosen]), labels[chosen]).item()
    assert fitted.metrics["train_loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_metrics_are_those_of_the_weights(planned: Planner, digits: Dataset, family: str) -> None:
    network = planned(family)
    fitted = fit(network, digits)
    logits = graphgen.evaluate(network.net, fitted.weights, digits.test_images)
    assert isinstance(logits, np.ndarray)
    logits = logits - logits.max(1, keepdims=True)
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    labels = digits.test_labels
    assert fitted.metrics["test_accuracy"] == np.mean(logits.argmax(1) == labels)
    loss = -logarithms[np.arange(len(labels)), labels].mean()
    assert fitted.metrics["test_loss"] == pytest.approx(loss, rel=1e-5)


def test_weights_have_their_names_shapes_and_dtypes(planned: Planner, digits: Dataset) -> None:
    network = planned("cnn")
    fitted = fit(network, digits)
    found = {name: (array.shape, str(array.dtype)) for name, array in fitted.weights.items()}
    assert found == {name: (t.shape, t.dtype) for name, t in network.net.tensors.items()}
    assert fitted.weights["1.num_batches_tracked"] == 2 * math.ceil(1000 / 32)
    assert abs(fitted.weights["1.running_mean"]).max() > 0


def test_a_last_batch_of_one_image_is_left_out(planned: Planner, digits: Dataset) -> None:
    fitted = fit(planned("cnn", train_fraction=0.257, batch_size=64, epochs=1), digits)
    assert fitted.weights["1.num_batches_tracked"] == 4
    fitted = fit(planned("cnn", train_fraction=0.258, batch_size=64, epochs=1), digits)
    assert fitted.weights["1.num_batches_tracked"] == 5


@pytest.mark.parametrize("rate", [1e12, 1e30])
@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_divergence_is_a_status(
    planned: Planner, digits: Dataset, family: str, rate: float
) -> None:
    network = planned(family, optimizer="sgd", learning_rate=rate, schedule="constant")
    fitted = fit(network, digits)
    assert fitted.status == "diverged"
    assert set(fitted.weights) == set(network.net.tensors)
    assert bits(fit(network, digits))[:2] == bits(fitted)[:2]
