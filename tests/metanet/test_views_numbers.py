"""The numbers of views, against slow ones in numpy that read a network's tensors by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.evaluate import initial_weights
from metanet.views import make
from metanet.views.inputs import KINDS, inputs_of

Array = NDArray[Any]
Weights = dict[str, Array]

NET = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3}
  - batch_norm
  - relu
  - conv2d: {out_channels: 4, kernel_size: 2}
  - relu
  - flatten
  - linear: {out_features: 5}
  - tanh
  - linear: {out_features: 3}
"""
WEIGHTS = ("0.weight", "3.weight", "6.weight", "8.weight")
BIASES = ("0.bias", "3.bias", "6.bias", "8.bias")
FAN_IN = {"0": 18, "3": 12, "6": 16, "8": 5}


@pytest.fixture(scope="module")
def net() -> spec.Architecture:
    return spec.loads(NET)


@pytest.fixture(scope="module")
def weights(net: spec.Architecture) -> Weights:
    return random_weights(net, np.random.default_rng(0))


def numbers(name: str, net: spec.Architecture, *several: Weights) -> tuple[dict[str, Any], ...]:
    """Compute a view: for each network, the numbers of each column."""
    view = make(name)
    batch = metanet.Batch.from_graphs([graphgen.compile(net, weights) for weights in several])
    found = view.compute(batch.parts[0]).numpy()
    return tuple(dict(zip(view.columns, one.T, strict=True)) for one in found)


def at_places(each: list[float]) -> tuple[float, float, float]:
    """Give the first, the mean of those between, and the last."""
    return each[0], float(np.mean(each[1:-1])) if len(each) > 2 else 0.0, each[-1]


def check(found: dict[str, Any], prefix: str, what: str, each: list[float]) -> None:
    for place, expected in zip(("first", "middle", "last"), at_places(each), strict=True):
        np.testing.assert_allclose(
            found[f"{prefix}{place}_{what}"], expected, rtol=1e-9, atol=1e-9, err_msg=what
        )


def test_statistics_are_of_tensors(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("statistics", net, weights)
    for role, names in (("weight", WEIGHTS), ("bias", (*BIASES[:1], "1.bias", *BIASES[1:]))):
        own = [weights[name] for name in names]
        check(found, f"{role}_", "mean", [w.mean() for w in own])
        check(found, f"{role}_", "variance", [w.var() for w in own])
        for share in (0, 25, 50, 75, 100):
            check(found, f"{role}_", f"q{share}", [np.quantile(w, share / 100) for w in own])
    for role, name in (("scale", "weight"), ("mean", "running_mean"), ("variance", "running_var")):
        assert found[f"{role}_last_q100"] == pytest.approx(weights[f"1.{name}"].max())
    size = sum(weights[name].size for name in net.parameters)
    assert found["log_parameters"] == pytest.approx(np.log(size))


def test_spectra_are_of_matrices(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("spectra", net, weights)
    matrices = [weights[name].reshape(len(weights[name]), -1) for name in WEIGHTS]
    values = [np.linalg.svd(matrix, compute_uv=False) for matrix in matrices]
    for place in range(4):
        own = [s[place] if place < len(s) else 0.0 for s in values]
        check(found, "", f"singular_{place + 1}", own)
    check(found, "", "frobenius", [float(np.linalg.norm(matrix)) for matrix in matrices])
    check(found, "", "stable_rank", [(s**2).sum() / s[0] ** 2 for s in values])
    check(found, "", "least", [s[-1] for s in values])
    shares = [s**2 / (s**2).sum() for s in values]
    for place, share in (("first", shares[0]), ("last", shares[-1])):
        expected = -(share * np.log(share)).sum()
        assert found[f"{place}_entropy"] == pytest.approx(expected, abs=1e-6)


def test_distances_are_to_the_beginning(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("initialisation", net, weights)
    for role, names in (("weight", WEIGHTS), ("bias", BIASES)):
        scaled = [weights[name].ravel() * FAN_IN[name[0]] ** 0.5 for name in names]
        check(found, f"{role}_", "deviation", [w.std() for w in scaled])
        root = [np.log(np.sqrt((w**2).mean()) + 1e-4) for w in scaled]
        check(found, f"{role}_", "log_root_mean_square", root)
        check(found, f"{role}_", "far_beyond", [(abs(w) > 1.1).mean() for w in scaled])
        begun = [(np.arange(w.size) + 0.5) / w.size * 2 - 1 for w in scaled]
        apart = [abs(np.sort(w) - u).mean() for w, u in zip(scaled, begun, strict=True)]
        check(found, f"{role}_", "log_wasserstein", [np.log(w + 1e-3) for w in apart])
    scale, shift = weights["1.weight"], weights["1.bias"]
    assert found["scale_first_log_wasserstein"] == pytest.approx(
        np.log(abs(scale - 1).mean() + 1e-3)
    )
    assert found["shift_first_log_largest"] == pytest.approx(np.log(abs(shift).max() + 1e-4))
    variance = np.log(weights["1.running_var"]) / 4
    assert found["variance_first_mean"] == pytest.approx(variance.mean())


def test_networks_that_begin_are_near_it(net: spec.Architecture) -> None:
    generator = torch.Generator().manual_seed(0)
    begun = {name: t.numpy() for name, t in initial_weights(net, generator).items()}
    moved = {name: w + w.std() if w.ndim > 1 else w for name, w in begun.items()}
    near, far = numbers("initialisation", net, begun, moved)
    for place in ("first", "middle", "last"):
        assert near[f"weight_{place}_beyond"] == 0 < far[f"weight_{place}_beyond"]
        name = f"weight_{place}_log_wasserstein"
        assert near[name] < np.log(0.2) < far[name]
    assert near["scale_first_log_largest"] == pytest.approx(np.log(1e-4), rel=1e-4)


def softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def test_a_function_is_described_by_its_answers(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("function", net, weights)
    for seed, kind in enumerate(KINDS, start=1):
        (inputs,) = inputs_of(net, kind, 64, seed)
        logits = graphgen.evaluate(net, weights, inputs.double().numpy())
        shares = softmax(logits)
        entropies = -(shares * np.log(shares)).sum(1)
        ordered = np.sort(shares, 1)
        scales = logits.std(1)
        for what, own in (
            ("entropy", entropies), ("lead", ordered[:, -1] - ordered[:, -2]), ("scale", scales),
        ):  # fmt: skip
            expected = [own.mean(), own.std(), *np.quantile(own, [0.1, 0.5, 0.9])]
            several = [f"{kind}_{what}_{how}" for how in ("mean", "deviation", "q10", "q50", "q90")]
            np.testing.assert_allclose([found[each] for each in several], expected, atol=1e-6)
        mean = shares.mean(0)
        of_mean = -(mean * np.log(mean)).sum()
        assert found[f"{kind}_information"] == pytest.approx(of_mean - entropies.mean(), abs=1e-6)
        chosen = np.bincount(logits.argmax(1), minlength=3) / 64
        assert found[f"{kind}_most_chosen"] == pytest.approx(chosen.max())
        centred = logits - logits.mean(1, keepdims=True)
        values = np.linalg.svd(centred - centred.mean(0), compute_uv=False) / 8
        assert found[f"{kind}_singular_1"] == pytest.approx(np.log1p(values[0]))
        assert found[f"{kind}_singular_3"] == pytest.approx(np.log1p(values[2]), abs=1e-7)


def nodes_named(net: spec.Architecture, layer: str) -> slice:
    """Find the neurons that a layer's weights enter."""
    template = graphgen.template(net)
    (block,) = [b for b in template.blocks if b.tensor == f"{layer}.weight"][:1]
    group = template.node_groups[block.target_group]
    return slice(group.start, group.start + group.size)


def test_rows_are_those_of_matrices(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("rows", net, weights)
    for layer, fan_in in FAN_IN.items():
        nodes = nodes_named(net, layer)
        rows = weights[f"{layer}.weight"] * fan_in**0.5
        rows = rows.reshape(len(rows), -1)
        for what, expected in (
            ("mean", rows.mean(1)), ("deviation", rows.std(1)), ("size", abs(rows).mean(1)),
            ("least", rows.min(1)), ("most", rows.max(1)),
        ):  # fmt: skip
            np.testing.assert_allclose(found[f"row_{what}"][nodes], expected, atol=1e-9)
        scaled = (rows - rows.mean(1, keepdims=True)) / (rows.std(1, keepdims=True) + 1e-4)
        np.testing.assert_allclose(
            found["row_skewness"][nodes], (scaled**3).mean(1).clip(-5, 5), atol=1e-3
        )
        for share in (0, 5, 25, 50, 75, 95, 100):
            np.testing.assert_allclose(
                found[f"block_q{share}"][nodes], np.quantile(rows, share / 100), atol=1e-9
            )
    nodes = nodes_named(net, "0")
    np.testing.assert_allclose(found["scale_value"][nodes], weights["1.weight"], atol=1e-9)
    np.testing.assert_allclose(found["mean_value"][nodes], weights["1.running_mean"], atol=1e-9)
    variance = np.log(weights["1.running_var"]) / 4
    np.testing.assert_allclose(found["variance_value"][nodes], variance, atol=1e-9)
    np.testing.assert_allclose(found["variance_mean"][nodes], variance.mean(), atol=1e-9)
    inputs = graphgen.template(net).node_groups[0]
    assert inputs.kind == "input"
    assert all(not values[: inputs.size].any() for values in found.values())


def test_responses_are_those_of_neurons(weights: Weights) -> None:
    net = spec.loads(
        "inputs: {x: [6]}\nlayers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 3}}]"
    )
    own = random_weights(net, np.random.default_rng(1))
    (found,) = numbers("responses", net, own)
    for seed, kind in enumerate(KINDS, start=3):
        inputs = inputs_of(net, kind, 64, seed)[0].double().numpy()
        hidden = (inputs @ own["0.weight"].T + own["0.bias"]).clip(0)
        logits = hidden @ own["2.weight"].T + own["2.bias"]
        for layer, values in (("0", hidden), ("2", logits)):
            nodes = nodes_named(net, layer)
            marks = np.quantile(values, [0, 0.1, 0.5, 0.9, 1], axis=0)
            with np.errstate(invalid="ignore"):  # of neurons that never change
                alike = np.nan_to_num(abs(np.corrcoef(values.T)))
            others = (alike.sum(0) - alike.diagonal()) / (values.shape[1] - 1)
            for what, expected in (
                ("mean", np.arcsinh(values.mean(0))),
                ("deviation", np.arcsinh(values.std(0))),
                *zip(("least", "q10", "median", "q90", "most"), np.arcsinh(marks), strict=True),
                ("log_deviation", np.log(values.std(0) + 1e-4)),
                ("active", (values > 0).mean(0)),
                ("correlation", others),
                ("over_positions", np.zeros(values.shape[1])),
            ):
                column = found[f"{kind}_{what}"][nodes]
                np.testing.assert_allclose(column, expected, atol=1e-5, err_msg=what)


def test_responses_are_means_over_positions(net: spec.Architecture, weights: Weights) -> None:
    (found,) = numbers("responses", net, weights)
    (inputs,) = inputs_of(net, KINDS[0], 64, 3)
    kernel, bias = (torch.from_numpy(weights[f"0.{name}"]) for name in ("weight", "bias"))
    values = torch.nn.functional.conv2d(inputs.double(), kernel, bias)
    mean, variance = (torch.from_numpy(weights[f"1.running_{name}"]) for name in ("mean", "var"))
    scale, shift = (torch.from_numpy(weights[f"1.{name}"]) for name in ("weight", "bias"))
    values = torch.nn.functional.batch_norm(values, mean, variance, scale, shift).relu()
    nodes = nodes_named(net, "0")
    pixels = values.flatten(2).numpy()
    expected = np.arcsinh(pixels.mean(2).mean(0))
    np.testing.assert_allclose(found["uniform_mean"][nodes], expected, atol=1e-9)
    np.testing.assert_allclose(found["uniform_active"][nodes], (pixels > 0).mean((0, 2)))
    expected = np.arcsinh(pixels.std(2).mean(0))
    np.testing.assert_allclose(found["uniform_over_positions"][nodes], expected, atol=1e-9)


def test_sharpness_is_that_of_the_loss() -> None:
    net = spec.loads(
        "inputs: {x: [3]}\nlayers: [{linear: {out_features: 3}}, tanh, {linear: {out_features: 2}}]"
    )
    own = random_weights(net, np.random.default_rng(2))
    (found,) = numbers("sharpness", net, own)
    inputs = inputs_of(net, "smooth", 64, 5)[0].double()
    names = list(net.parameters)
    begin = torch.cat([torch.from_numpy(own[name]).reshape(-1) for name in names])

    def loss(flat: torch.Tensor) -> torch.Tensor:
        w, start = {}, 0
        for name in names:
            size = own[name].size
            w[name] = flat[start : start + size].reshape(own[name].shape)
            start += size
        hidden = (inputs @ w["0.weight"].T + w["0.bias"]).tanh()
        logits = hidden @ w["2.weight"].T + w["2.bias"]
        return torch.nn.functional.cross_entropy(logits, logits.argmax(1))

    gradient = torch.autograd.functional.jacobian(loss, begin)
    hessian = torch.autograd.functional.hessian(loss, begin)
    vector, top = gradient, 0.0
    for _ in range(4):
        vector = vector / vector.norm()
        top = float(vector @ hessian @ vector)
        vector = hessian @ vector
    assert found["loss"] == pytest.approx(float(loss(begin)), rel=1e-6)
    assert found["log_gradient"] == pytest.approx(np.log(float(gradient.norm()) + 1e-6), rel=1e-6)
    assert found["log_curvature"] == pytest.approx(np.log(abs(top) + 1e-6), rel=1e-6)
    assert found["sign"] == pytest.approx(np.sign(top), abs=1e-4)
    # Power iteration comes near the largest eigenvalue.
    largest = float(abs(torch.linalg.eigvalsh(hessian)).max())
    assert 0.5 * largest < abs(top) <= 1.0001 * largest
    first = float(gradient[:9].norm())
    assert found["weight_first_log_gradient"] == pytest.approx(np.log(first + 1e-6), rel=1e-6)
