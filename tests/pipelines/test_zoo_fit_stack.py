"""Fitting a stack: each network is what it would be alone, and none feels the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import spec
from metanet.evaluate import run
from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.zoo.fit import FittedNetwork, fit
from pipelines.zoo.fit_stack import fit_stack
from pipelines.zoo.sampling import NetworkPlan, Seeds

HEAD = "\n  - linear: {out_features: 10}"
NETS = {
    "mlp": """
  - flatten
  - linear: {out_features: 6}
  - relu
  - linear: {out_features: 5}
  - tanh""",
    "batch norm": """
  - conv2d: {out_channels: 3, kernel_size: 3, stride: 2, bias: false}
  - batch_norm
  - relu
  - flatten
  - linear: {out_features: 5, bias: false}
  - batch_norm: {momentum: 0.3}
  - relu""",
    "group norm": """
  - conv2d: {out_channels: 4, kernel_size: 3, padding: 1}
  - group_norm: {num_groups: 2}
  - gelu
  - max_pool2d: {kernel_size: 2}
  - instance_norm: {track_running_stats: true}
  - relu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten""",
    "vit": """
  - patches: {embed_dim: 4, patch_size: 4}
  - class_token
  - position_embedding
  - residual:
      body:
        - layer_norm
        - multihead_attention: {num_heads: 2, bias: false}  # keys' biases have no gradient
  - layer_norm
  - flatten""",
    "dropout": """
  - flatten
  - dropout: {p: $p}
  - linear: {out_features: 6}
  - relu
  - dropout: {p: $p}""",
}
SETTINGS: dict[str, list[Any]] = {
    "learning_rate": [0.02, 0.005, 0.01, 0.03],
    "momentum": [0.9, 0.0, 0.5, 0.8],
    "weight_decay": [0.0, 1e-2, 1e-4, 1e-3],
    "label_smoothing": [0.1, 0.0, 0.2, 0.0],
    "epochs": [2, 3, 1, 3],
    "batch_size": [16] * 4,
    # 120, 49 (its last batch has one image), 73 and 10 images.
    "train_fraction": [1.0, 49 / 120, 73 / 120, 10 / 120],
    "schedule": ["cosine", "constant", "cosine", "constant"],
}


@pytest.fixture(scope="module")
def exact() -> Dataset:
    """A little of the digits, in float64."""
    data = datasets.load("digits")
    images = [data.train_images[:120], data.test_images[:40]]
    train, test = (array.astype(np.float64) for array in images)
    return Dataset("digits", train, data.train_labels[:120], test, data.test_labels[:40], 10)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def architecture(name: str, p: float = 0.0) -> spec.Architecture:
    """Describe a network, in float64."""
    text = f"vars: {{p: {p}}}\ninputs: {{image: [1, 8, 8]}}\nlayers:{NETS[name]}{HEAD}"
    net = spec.loads(text if "$p" in text else text.removeprefix(f"vars: {{p: {p}}}\n"))
    double = {
        n: replace(t, dtype="float64") if t.dtype == "float32" else t
        for n, t in net.tensors.items()
    }
    return replace(net, tensors=double)


def planned(
    name: str, optimizer: str, rates: tuple[float, ...] = (0.0,) * 4, **changes: Mapping[int, Any]
) -> list[NetworkPlan]:
    """Plan four networks, no two of which have anything in common but what they must."""
    plans = []
    for i, p in enumerate(rates):
        recipe = {field: values[i] for field, values in SETTINGS.items()}
        recipe.update({field: v[i] for field, v in changes.items() if i in v})
        recipe["optimizer"] = optimizer
        seeds = Seeds(weights=10 + i, data_order=20 + i, dropout=30 + i)
        plans.append(NetworkPlan(i, name, architecture(name, p), {}, recipe, seeds))
    return plans


def assert_same(actual: FittedNetwork, expected: FittedNetwork, tolerance: float = 1e-7) -> None:
    __tracebackhide__ = True
    assert actual.status == expected.status
    assert set(actual.weights) == set(expected.weights)
    for name, array in expected.weights.items():
        got = actual.weights[name]
        assert (got.shape, got.dtype) == (array.shape, array.dtype)
        np.testing.assert_allclose(got, array, rtol=tolerance, atol=1e-8, err_msg=name)
    assert actual.metrics == pytest.approx(expected.metrics, rel=tolerance, nan_ok=True)


def bits(fitted: FittedNetwork) -> tuple[object, ...]:
    return fitted.status, {n: a.tobytes() for n, a in fitted.weights.items()}, fitted.metrics


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["mlp", "batch norm", "group norm", "vit"])
def test_a_network_in_a_stack_is_the_network_alone(
    exact: Dataset, name: str, optimizer: str
) -> None:
    plans = planned(name, optimizer)
    for plan, fitted in zip(plans, fit_stack(plans, exact), strict=True):
        assert fitted.status == "trained"
        assert_same(fitted, fit(plan, exact))


def test_the_float32_of_zoos_gives_the_same_up_to_rounding() -> None:
    data = datasets.load("digits")
    small = Dataset(
        data.name, data.train_images[:120], data.train_labels[:120],
        data.test_images[:40], data.test_labels[:40], 10,
    )  # fmt: skip
    plans = [
        replace(p, net=spec.loads(f"inputs: {{image: [1, 8, 8]}}\nlayers:{NETS['mlp']}{HEAD}"))
        for p in planned("mlp", "sgd")
    ]
    for plan, fitted in zip(plans, fit_stack(plans, small), strict=True):
        alone = fit(plan, small)
        for name, array in fitted.weights.items():
            assert array.dtype == np.float32
            np.testing.assert_allclose(array, alone.weights[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0.015), ("momentum", 0.4), ("weight_decay", 0.1),
        ("label_smoothing", 0.15), ("epochs", 4), ("train_fraction", 0.5),
        ("schedule", "constant"),
    ],
)  # fmt: skip
def test_control_a_change_of_one_network_is_seen_in_it_and_in_no_other(
    exact: Dataset, field: str, value: Any
) -> None:
    before = fit_stack(planned("batch norm", "sgd"), exact)
    after = fit_stack(planned("batch norm", "sgd", **{field: {2: value}}), exact)
    for i in (0, 1, 3):
        assert_same(after[i], before[i])
    with pytest.raises(AssertionError):
        assert_same(after[2], before[2], 1e-3)


@pytest.mark.parametrize("seed", ["weights", "data_order"])
def test_control_the_seeds_of_a_network_are_its_own(exact: Dataset, seed: str) -> None:
    plans = planned("mlp", "adam")
    before = fit_stack(plans, exact)
    plans[1] = replace(plans[1], seeds=replace(plans[1].seeds, **{seed: 0}))
    after = fit_stack(plans, exact)
    assert_same(after[0], before[0])
    with pytest.raises(AssertionError):
        assert_same(after[1], before[1], 1e-3)


@pytest.mark.parametrize("rates", [(0.0,) * 4, (0.1, 0.2, 0.3, 0.4)])
def test_equal_plans_give_equal_bits(exact: Dataset, rates: tuple[float, ...]) -> None:
    plans = planned("dropout", "adam", rates)
    first = [bits(fitted) for fitted in fit_stack(plans, exact)]
    torch.rand(3)
    torch.set_num_threads(2)
    assert [bits(fitted) for fitted in fit_stack(plans, exact)] == first
    assert torch.get_num_threads() == 2


def test_each_network_has_its_own_rate_of_dropout(exact: Dataset) -> None:
    plans = planned("dropout", "adam", (0.0, 0.5, 0.0, 0.5))
    fitted = fit_stack(plans, exact)
    for i in (0, 2):
        assert_same(fitted[i], fit(plans[i], exact))
    without = fit_stack(planned("dropout", "adam"), exact)
    for i in (1, 3):
        with pytest.raises(AssertionError):
            assert_same(fitted[i], without[i], 1e-3)
        # Metrics are those of the weights without dropout.
        weights = {name: torch.from_numpy(array) for name, array in fitted[i].weights.items()}
        logits = run(plans[i].net, weights, torch.from_numpy(exact.test_images))
        loss = F.cross_entropy(logits, torch.from_numpy(exact.test_labels)).item()
        assert fitted[i].metrics["test_loss"] == pytest.approx(loss, rel=1e-9)


def test_control_masks_follow_the_seed_of_dropout(exact: Dataset) -> None:
    def fitted(seed: int) -> list[tuple[object, ...]]:
        plans = planned("dropout", "adam", (0.1, 0.2, 0.3, 0.4))
        plans = [replace(p, seeds=replace(p.seeds, dropout=seed)) for p in plans]
        return [bits(network) for network in fit_stack(plans, exact)]

    assert all(a != b for a, b in zip(fitted(1), fitted(2), strict=True))


def test_the_callers_random_numbers_are_left_alone(exact: Dataset) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit_stack(planned("dropout", "adam", (0.1, 0.2, 0.3, 0.4))[:2], exact)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("rate", [1e150, 1e300])
@pytest.mark.parametrize("lost", [(2,), (1, 3), (0, 1, 2, 3)])
@pytest.mark.parametrize("name", ["mlp", "batch norm"])
def test_a_network_that_diverges_is_as_alone_and_disturbs_no_other(
    exact: Dataset, name: str, lost: tuple[int, ...], rate: float
) -> None:
    plans = planned(name, "sgd", learning_rate=dict.fromkeys(lost, rate))
    plans = [replace(p, training={**p.training, "schedule": "constant"}) for p in plans]
    fitted = fit_stack(plans, exact)
    alone = [fit(plan, exact) for plan in plans]
    statuses = [network.status for network in fitted]
    assert statuses == [network.status for network in alone]
    assert {i for i in range(4) if statuses[i] == "diverged"} & set(lost)
    for i in range(4):
        if i in lost:
            # Numbers as large as these double their rounding with each step.
            for key, array in alone[i].weights.items():
                np.testing.assert_allclose(fitted[i].weights[key], array, rtol=1e-3)
            assert fitted[i].metrics == pytest.approx(alone[i].metrics, rel=1e-3, nan_ok=True)
        else:
            assert_same(fitted[i], alone[i])


def test_weights_that_are_not_finite_after_an_epoch_are_found_without_a_loss(
    exact: Dataset,
) -> None:
    plans = planned("mlp", "sgd", learning_rate={3: 1e307}, epochs={3: 1})
    plans[3] = replace(
        plans[3], training={**plans[3].training, "momentum": 0.0, "weight_decay": 1e3}
    )
    fitted = fit_stack(plans, exact)  # network 3 takes one step only
    assert [network.status for network in fitted] == [*["trained"] * 3, "diverged"]
    alone = fit(plans[3], exact)
    assert alone.status == "diverged"
    for name, array in alone.weights.items():
        np.testing.assert_allclose(fitted[3].weights[name], array, rtol=1e-9)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["mlp", "batch norm", "group norm", "vit"])
def test_a_gpu_gives_the_networks_of_the_cpu_and_equal_bits(exact: Dataset, name: str) -> None:
    plans = planned(name, "sgd")
    fitted = fit_stack(plans, exact, "cuda")
    for plan, network in zip(plans, fitted, strict=True):
        assert_same(network, fit(plan, exact), 1e-6)
        assert_same(fit(plan, exact, "cuda"), fit(plan, exact), 1e-6)
    again = fit_stack(plans, exact, "cuda")
    assert [bits(network) for network in again] == [bits(network) for network in fitted]
    plans = planned("dropout", "adam", (0.1, 0.2, 0.3, 0.4))
    first, second = (fit_stack(plans, exact, "cuda") for _ in range(2))
    assert [bits(network) for network in first] == [bits(network) for network in second]


def test_a_parameter_that_reaches_no_output_stays(exact: Dataset) -> None:
    text = """
inputs: {image: [1, 8, 8]}
layers:
  - flatten: {name: flat}
  - linear: {out_features: 3, name: aside}
  - linear: {out_features: 10, name: head, inputs: [flat]}
outputs: [head, aside]
"""
    net = spec.loads(text)
    net = replace(net, outputs=net.outputs[:1])
    plans = [replace(p, net=net) for p in planned("mlp", "adam", weight_decay={0: 0.1})[:2]]
    small = replace(
        exact,
        train_images=exact.train_images.astype(np.float32),
        test_images=exact.test_images.astype(np.float32),
    )
    for plan, fitted in zip(plans, fit_stack(plans, small), strict=True):
        alone = fit(plan, small)
        np.testing.assert_array_equal(fitted.weights["aside.weight"], alone.weights["aside.weight"])
        np.testing.assert_allclose(fitted.weights["head.bias"], alone.weights["head.bias"], 1e-3)
