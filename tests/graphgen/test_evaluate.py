from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.made_weights import make_weights
from oracles.torch_layers import padded_before
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import (
    random_inputs,
    random_weights,
    relative_error,
    tolerance,
)
from spec.testing import single_layers

MODULES: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softsign": nn.Softsign,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "linear": nn.Linear,
    "conv1d": nn.Conv1d,
    "conv2d": nn.Conv2d,
    "group_norm": nn.GroupNorm,
    "layer_norm": nn.LayerNorm,
    "max_pool1d": nn.MaxPool1d,
    "max_pool2d": nn.MaxPool2d,
    "avg_pool1d": nn.AvgPool1d,
    "avg_pool2d": nn.AvgPool2d,
    "adaptive_max_pool1d": nn.AdaptiveMaxPool1d,
    "adaptive_max_pool2d": nn.AdaptiveMaxPool2d,
    "adaptive_avg_pool1d": nn.AdaptiveAvgPool1d,
    "adaptive_avg_pool2d": nn.AdaptiveAvgPool2d,
    "flatten": nn.Flatten,
    "dropout": nn.Dropout,
    "identity": nn.Identity,
}
BATCH_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d, 4: nn.BatchNorm3d}
OURS = {"init_bound"}
"""Fields that PyTorch's modules do not have."""


def module_of(net: spec.Architecture) -> nn.Module:
    """The torch.nn module of the same name and fields as the one layer of a network."""
    (layer,) = net.layers
    rank = len(next(iter(net.inputs.values())))
    class_ = BATCH_NORMS[rank] if layer.type == "batch_norm" else MODULES[layer.type]
    fields = {name: value for name, value in layer.fields.items() if name not in OURS}
    sides = fields.get("padding", ())
    if not isinstance(sides, tuple) or all(isinstance(side, int) for side in sides):
        module = class_(**fields)
    else:
        fields["padding"] = tuple(side if isinstance(side, int) else 0 for side in sides)
        pairs = [(0, 0) if isinstance(side, int) else side for side in sides]
        module = padded_before(class_(**fields), pairs, fields["padding_mode"])
    for local, how in layer.parametrizations.items():
        make_weights(module, local, how)
    return module


def rng_of(net: spec.Architecture) -> np.random.Generator:
    return np.random.default_rng(int(net.hash[:8], 16))


def in_torch(arrays: dict[str, Any]) -> dict[str, Tensor]:
    return {name: torch.tensor(array) for name, array in arrays.items()}


def first(results: Any) -> np.ndarray:
    return results[0] if isinstance(results, tuple) else results


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("type_", sorted([*MODULES, "batch_norm"]))
@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch's own, of the old weight norm
def test_a_layer_is_the_torch_module_of_its_name(type_: str, dtype: str) -> None:
    @given(single_layers(type_))
    def check(text: str) -> None:
        net = spec.loads(text)
        module = module_of(net).to(getattr(torch, dtype)).eval()
        state = {name.removeprefix("layer."): t for name, t in net.tensors.items()}
        theirs = module.state_dict()
        declared = {n: (t.shape, t.dtype.startswith("float")) for n, t in state.items()}
        assert declared == {n: (tuple(t.shape), t.is_floating_point()) for n, t in theirs.items()}
        assert {n for n, t in state.items() if t.trainable} == dict(
            module.named_parameters()
        ).keys()
        rng = rng_of(net)
        weights = random_weights(net, rng, dtype)
        (x,) = random_inputs(net, rng, 3, dtype)
        module.load_state_dict(in_torch({n: weights[f"layer.{n}"] for n in state}))
        with torch.no_grad():
            expected = module(torch.tensor(x)).numpy()
        ours = {
            "graphgen.evaluate": first(graphgen.evaluate(net, weights, x)),
            "metanet.evaluate": metanet.evaluate.run(
                net, in_torch(weights), torch.tensor(x)
            ).numpy(),
        }
        for name, actual in ours.items():
            assert actual.dtype == expected.dtype == np.dtype(dtype)
            assert relative_error(actual, expected) <= tolerance(dtype), name

    check()


@pytest.mark.parametrize("type_", ["linear", "conv1d", "conv2d", "batch_norm", "layer_norm"])
def test_a_new_network_begins_as_in_torch(type_: str) -> None:
    @settings(max_examples=10)
    @given(single_layers(type_))
    def check(text: str) -> None:
        net = spec.loads(text)
        if net.layers[0].fields.get("init_bound") is not None or net.layers[0].parametrizations:
            return
        module = module_of(net)
        weights = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
        assert weights.keys() == net.tensors.keys()
        largest = {name: torch.zeros(()) for name in weights}
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for _ in range(500):
                module.reset_parameters()
                for name, tensor in module.state_dict().items():
                    highest = largest[f"layer.{name}"]
                    largest[f"layer.{name}"] = torch.maximum(highest, tensor.abs().max())
        for name, tensor in net.tensors.items():
            kind, value = tensor.initial
            assert weights[name].shape == tensor.shape
            if kind == "constant":
                assert torch.equal(weights[name], module.state_dict()[name[6:]])
            else:
                assert 0.98 * value <= largest[name] <= value
                assert weights[name].abs().max() <= value

    check()


def test_new_weights_have_the_spread_that_a_layer_asks_for() -> None:
    net = spec.loads(
        "inputs: {x: [4]}\nlayers:\n- linear: {out_features: 5000, init_bound: 0.01, name: a}\n"
        "- fourier_features: {frequencies: 4, scale: 3, trainable: false, name: b}\n"
    )
    weights = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
    assert 0.0099 < weights["a.weight"].abs().max() <= 0.01 < weights["a.bias"].abs().max()
    assert abs(weights["b.weight"].std() - 3) < 0.1
    assert "b.weight" in net.buffers
    assert "b.weight" not in net.parameters


def test_new_weights_fill_their_range_evenly() -> None:
    net = spec.loads("inputs: {x: [100]}\nlayers: [{linear: {out_features: 1000}}]")
    weights = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
    counts = torch.histc(weights["0.weight"], 10, -0.1, 0.1)
    assert counts.sum() == 100_000
    assert (counts - 10_000).abs().max() < 500
    again = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
    other = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(1))
    assert torch.equal(weights["0.weight"], again["0.weight"])
    assert not torch.equal(weights["0.weight"], other["0.weight"])


@given(st.sampled_from(["batch_norm", "layer_norm"]), st.data())
def test_the_tolerance_notices_another_eps(type_: str, data: st.DataObject) -> None:
    net = spec.loads(data.draw(single_layers(type_).filter(lambda text: "eps: 0.1" in text)))
    twin = spec.from_resolved(
        {
            **net.resolved(),
            "layers": [{type_: {**net.resolved()["layers"][0][type_], "eps": 0.1 + 1e-8}}],
        }
    )
    if net.layers[0].fields.get("normalized_shape") == (1,):
        return  # of one number nothing is left beside its mean, whatever the eps
    rng = rng_of(net)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    a, b = (first(graphgen.evaluate(n, weights, *x)) for n in (net, twin))
    assert relative_error(a, b) > tolerance("float64")


@settings(max_examples=10)
@given(single_layers("batch_norm"))
def test_batch_norm_trains_as_in_torch(text: str) -> None:
    net = spec.loads(text)
    module = module_of(net).double().train()
    rng = rng_of(net)
    weights = in_torch(random_weights(net, rng))
    module.load_state_dict({name.removeprefix("layer."): t for name, t in weights.items()})
    before = {name: tensor.clone() for name, tensor in weights.items()}
    for _ in range(3):
        (x,) = random_inputs(net, rng, 4)
        expected = module(torch.tensor(x)).detach()
        actual = metanet.evaluate.run(net, weights, torch.tensor(x), training=True)
        assert relative_error(actual, expected) <= tolerance("float64")
    for name, tensor in module.state_dict().items():
        ours = weights[f"layer.{name}"]
        assert ours.dtype == tensor.dtype
        assert relative_error(ours, tensor.detach()) <= tolerance("float64")
        if name.startswith(("running", "num_batches")):
            assert not torch.equal(ours, before[f"layer.{name}"])
    evaluated = metanet.evaluate.run(net, weights, torch.tensor(x))
    assert relative_error(evaluated, module.eval()(torch.tensor(x)).detach()) <= 1e-10
    assert relative_error(evaluated, actual) > 1e-3


def test_dropout_is_active_in_training_alone() -> None:
    net = spec.loads("inputs: {x: [10000]}\nlayers: [{dropout: {p: 0.25}}]")
    x = torch.rand(2, 10_000, generator=torch.Generator().manual_seed(0)) + 1
    assert torch.equal(metanet.evaluate.run(net, {}, x), x)
    assert np.array_equal(first(graphgen.evaluate(net, {}, x.numpy())), x.numpy())
    dropped = metanet.evaluate.run(net, {}, x, training=True)
    zeros = dropped == 0
    assert abs(zeros.double().mean().item() - 0.25) < 0.02
    assert torch.allclose(dropped[~zeros], x[~zeros] / 0.75)
    assert not torch.equal(metanet.evaluate.run(net, {}, x, training=True), dropped)


def test_gradients_flow_to_weights_and_inputs() -> None:
    net = spec.loads(
        "inputs: {x: [2, 5, 5]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 3}}, batch_norm, "
        "gelu, {max_pool2d: {kernel_size: 2}}, flatten, {linear: {out_features: 2}}]"
    )
    rng = np.random.default_rng(0)
    weights = in_torch(random_weights(net, rng))
    names = list(net.parameters)
    x = torch.tensor(random_inputs(net, rng)[0])

    def loss(x: Tensor, *tensors: Tensor) -> Tensor:
        return metanet.evaluate.run(net, {**weights, **dict(zip(names, tensors, strict=True))}, x)

    arguments = [t.requires_grad_() for t in (x, *(weights[name] for name in names))]
    assert torch.autograd.gradcheck(loss, arguments)


def test_wrong_inputs_are_named() -> None:
    net = spec.loads("inputs: {x: [4]}\nlayers: [{linear: {out_features: 2}}]")
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match=r"expected 1 inputs \(x\), got 2"):
        graphgen.evaluate(net, weights, np.zeros((1, 4)), np.zeros((1, 4)))
    with pytest.raises(graphgen.GraphError, match=r"'x': expected \[N, 4\], got \[1, 5\]"):
        graphgen.evaluate(net, weights, np.zeros((1, 5)))
    with pytest.raises(graphgen.GraphError, match="0.weight: missing"):
        graphgen.evaluate(net, {"0.bias": weights["0.bias"]}, np.zeros((1, 4)))
