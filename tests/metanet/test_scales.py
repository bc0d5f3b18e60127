"""ScaleGMN sees exactly the scalings that a network has, whatever follows its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights
from metanet.models.chain import ChainLayer, chain
from metanet.models.scales import Scale, edge_scales, layer_scales
from metanet.testing import assert_editor_equivariant, predict

Weights = dict[str, NDArray[Any]]
SMALL = {"hidden": 8, "layers": 4}
INVARIANT, SEEN, DIFFERENT = 1e-9, 1e-12, 1e-3
"""At most, and at least, of the spread of predictions; and of a function's values."""
ACTIVATIONS = (
    "relu", "tanh", "gelu", "leaky_relu", "sine", "softsign", "hardtanh", "sigmoid", "relu6",
    "silu", "elu", "softplus", "identity",
)  # fmt: skip
BESIDE = (
    "dropout: {p: 0.3}", "layer_norm: {elementwise_affine: false}", "reshape: {shape: %s}",
    "rms_norm: {elementwise_affine: false}",
)  # fmt: skip
MAPS = (
    "max_pool2d: {kernel_size: 2}", "avg_pool2d: {kernel_size: 2}", "dropout: {p: 0.3}",
    "instance_norm: {affine: false, track_running_stats: false}", "upsample: {scale_factor: 2}",
    "group_norm: {num_groups: 1, affine: false}",
)  # fmt: skip


def network(shape: Sequence[int], layers: Sequence[str]) -> spec.Architecture:
    lines = "".join(f"  - {{{one}}}\n" if ":" in one else f"  - {one}\n" for one in layers)
    return spec.loads(f"inputs: {{x: {list(shape)}}}\nlayers:\n{lines}")


def random_chain(rng: np.random.Generator) -> spec.Architecture:
    """Draw a chain with up to three steps between a layer and the next one."""
    layers: list[str] = []
    convolutions = int(rng.integers(0, 3))
    size: int = 8
    for _ in range(convolutions):
        bias = str(bool(rng.random() < 0.7)).lower()
        out = int(rng.integers(2, 5))
        layers.append(f"conv2d: {{out_channels: {out}, kernel_size: 3, padding: 1, bias: {bias}}}")
        for _ in range(int(rng.integers(0, 4))):
            step = str(rng.choice(MAPS)) if rng.random() < 0.4 else str(rng.choice(ACTIVATIONS))
            if "pool" in step:
                size //= 2
            if size:
                layers.append(step)
            size = 1 if not size else 2 * size if "upsample" in step else size
    if convolutions:
        ends = ("adaptive_avg_pool2d: {output_size: 1}", "adaptive_max_pool2d: {output_size: 2}")
        layers += [str(rng.choice(ends))] if rng.random() < 0.5 else []
        layers.append("flatten")
    for _ in range(int(rng.integers(0 if convolutions else 1, 3))):
        out = int(rng.integers(2, 6))
        layers.append(f"linear: {{out_features: {out}}}")
        for _ in range(int(rng.integers(0, 3))):
            step = str(rng.choice(BESIDE)) if rng.random() < 0.3 else str(rng.choice(ACTIVATIONS))
            layers.append(step % [out] if "%" in step else step)
    return network([2, 8, 8] if convolutions else [4], [*layers, "linear: {out_features: 3}"])


CHAINS = [random_chain(np.random.default_rng(seed)) for seed in range(16)]
MANY = [random_chain(np.random.default_rng(seed)) for seed in range(16, 400)]


def double(net: spec.Architecture, make: Any, **options: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make(net, **{**SMALL, **options}).double()


def outputs(net: spec.Architecture, weights: Mapping[str, Any], x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(graphgen.evaluate(net, weights, x))


def scaled(weights: Mapping[str, Any], layers: Sequence[ChainLayer], place: int, unit: int,
           factor: float) -> Weights:  # fmt: skip
    """Multiply what enters a neuron by a factor, and divide what leaves it."""
    own, after = layers[place], layers[place + 1]
    result = {name: np.array(array) for name, array in weights.items()}
    result[own.weight][unit] *= factor
    if own.bias is not None:
        result[own.bias][unit] *= factor
    leaving = result[after.weight].reshape(after.out_features, own.out_features, -1)
    leaving[:, unit] /= factor
    return result


def check(net: spec.Architecture, *, bidirectional: bool) -> int:
    """Check all that must hold of a chain; give how many changes of its function were seen."""
    rng = np.random.default_rng(0)
    weights = [random_weights(net, rng) for _ in range(4)]
    scalings = graphgen.scalings(net)
    (x,) = random_inputs(net, rng, 8)
    y = [outputs(net, one, x) for one in weights]
    drawn = [scalings.sample(rng) for _ in weights]
    others = [element.apply(one) for element, one in zip(drawn, weights, strict=True)]
    for one, before in zip(others, y, strict=True):
        assert np.abs(outputs(net, one, x) - before).max() < 1e-9 * (1 + abs(before).max())
    if not scalings.signs and not scalings.scales:
        with pytest.raises(metanet.MetanetError, match="no scaling symmetry to build in"):
            metanet.ScaleGMN(net)
        return 0
    model = double(net, metanet.ScaleGMN, bidirectional=bidirectional)
    batch, again = (
        metanet.Batch.from_graphs([graphgen.compile(net, one) for one in several])
        for several in (weights, others)
    )
    expected = predict(model, batch)
    spread = expected.std(0)
    assert ((predict(model, again) - expected).abs() / spread).max() < INVARIANT
    editor = double(net, metanet.ScaleGMNEditor, bidirectional=bidirectional)
    graphs = [graphgen.compile(net, one) for one in weights]
    assert_editor_equivariant(editor, graphs, rng, count=1, group=graphgen.Scalings)
    layers = chain(graphgen.template(net), "ScaleGMN")
    seen = 0
    for place in range(len(layers) - 1):
        for factor in (-1.0, 1.9):
            unit = int(rng.integers(layers[place].out_features))
            one = scaled(weights[0], layers, place, unit, factor)
            if np.abs(outputs(net, one, x) - y[0]).max() < DIFFERENT:
                continue
            moved = predict(model, metanet.Batch.from_graphs([graphgen.compile(net, one)]))
            assert ((moved[0] - expected[0]).abs() / spread).max() > SEEN
            seen += 1
    return seen


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_is_built_in_is_what_a_random_chain_has(bidirectional: bool) -> None:
    assert sum(check(net, bidirectional=bidirectional) for net in CHAINS) > 20


@pytest.mark.long
@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_is_built_in_is_what_a_random_chain_has_long(bidirectional: bool) -> None:
    assert sum(check(net, bidirectional=bidirectional) for net in MANY) > 500


def conv(*steps: str) -> spec.Architecture:
    start = "conv2d: {out_channels: 3, kernel_size: 3}"
    return network([2, 6, 6], [start, *steps, "flatten", "linear: {out_features: 4}", "relu",
                               "linear: {out_features: 2}"])  # fmt: skip


def mlp(*steps: str) -> spec.Architecture:
    return network([3], ["linear: {out_features: 5}", *steps, "linear: {out_features: 4}", "tanh",
                         "linear: {out_features: 2}"])  # fmt: skip


NONE, SIGN, POSITIVE, BOTH = Scale(), Scale(sign=True), Scale(size=True), Scale(True, True)
POOL = "max_pool2d: {kernel_size: 2}"


@pytest.mark.parametrize(
    ("net", "first"),
    [
        (conv("tanh", POOL), NONE), (conv("tanh"), SIGN), (conv("relu", POOL), POSITIVE),
        (conv("avg_pool2d: {kernel_size: 2}", "tanh"), SIGN), (conv(POOL), POSITIVE),
        (mlp("relu", "tanh"), NONE), (mlp("relu", "leaky_relu"), POSITIVE), (mlp(), BOTH),
        (mlp("relu", "layer_norm: {elementwise_affine: false}"), NONE),
        (mlp("tanh", "sine", "dropout: {p: 0.5}"), SIGN), (mlp("gelu"), NONE),
    ],
)  # fmt: skip
def test_a_layer_has_the_scale_that_all_its_steps_let_through(
    net: spec.Architecture, first: Scale
) -> None:
    template = graphgen.template(net)
    layers = chain(template, "ScaleGMN")
    scales = layer_scales(template, layers)
    assert scales[1] == first
    assert len(scales) == len(layers) + 1
    assert edge_scales(scales)[1] == first | scales[2]
    for bidirectional in (False, True):
        check(net, bidirectional=bidirectional)


def test_a_model_with_other_scales_than_the_network_is_caught() -> None:
    """The first step alone says that every sign may change: the functions say otherwise."""
    net = conv("tanh", POOL)
    with pytest.MonkeyPatch.context() as patch:
        wrong = lambda template, layers: (SIGN, SIGN, SIGN, SIGN)  # noqa: E731
        patch.setattr("metanet.models.scale_gmn.layer_scales", wrong)
        with pytest.raises(AssertionError):
            check(net, bidirectional=False)
        less = lambda template, layers: (NONE, NONE, NONE, NONE)  # noqa: E731
        patch.setattr("metanet.models.scale_gmn.layer_scales", less)
        with pytest.raises(AssertionError):
            check(net, bidirectional=False)


def test_networks_that_scale_otherwise_are_refused() -> None:
    model = partial(metanet.ScaleGMN, hidden=8, layers=1)
    other = graphgen.compile(conv("tanh", POOL), random_weights(conv("tanh", POOL),
                             np.random.default_rng(0)))  # fmt: skip
    with pytest.raises(metanet.MetanetError, match="scale otherwise .* steps tanh, max_pool; relu"):
        model(conv("relu", POOL)).double()(other)
    with pytest.raises(metanet.MetanetError, match="steps relu, tanh, so there is no scaling"):
        metanet.ScaleGMN(network([2], ["linear: {out_features: 3}", "relu", "tanh",
                                       "linear: {out_features: 2}"]))  # fmt: skip
    with pytest.raises(metanet.MetanetError, match="steps none, so there is no scaling"):
        metanet.ScaleGMN(network([2], ["linear: {out_features: 3}"]))
