from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing import families, networks
from spec.testing.examples import EXAMPLES, example_texts

NETS = sorted(Path(spec.__file__).parent.glob("nets/*.yaml"))
TEXTS = [
    pytest.param(text, id=f"{type_}-{place}")
    for type_ in EXAMPLES
    if type_ != "reshape"  # it may cut through neurons, which is refused
    for place, text in enumerate(example_texts(type_))
]
MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, %s, {linear: {out_features: 5}}, %s,
         {linear: {out_features: 2}}]
"""
STREAM = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 4}
  - residual: {body: [{linear: {out_features: 6}}, relu, {linear: {out_features: 4}}]}
  - linear: {out_features: 2}
"""
ATTENTION = """
inputs: {x: [3, 4]}
layers:
  - linear: {out_features: 4}
  - layer_norm
  - multihead_attention: {num_heads: 2, packed: %s}
  - linear: {out_features: 2}
"""
NORMED = """
inputs: {x: [3, 4]}
layers:
  - conv1d: {out_channels: 5, kernel_size: 2}
  - batch_norm: {eps: %s}
  - relu
  - flatten
  - linear: {out_features: 2}
"""
TIED = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3, name: a}
  - relu
  - linear: {out_features: 3, parameters: {weight: a.weight}}
  - relu
  - linear: {out_features: 2}
"""


def check(net: spec.Architecture, count: int = 5) -> None:
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    expected = outputs(net, weights, x)
    group = graphgen.scalings(net)
    moved = False
    for _ in range(count):
        scaled = group.sample(rng).apply(weights)
        assert relative_error(outputs(net, scaled, x), expected) <= 1e-10
        moved |= any(not np.array_equal(scaled[name], weights[name]) for name in weights)
    assert moved == bool(group.roots)


@pytest.mark.parametrize("text", TEXTS)
def test_every_layer_keeps_its_function(text: str) -> None:
    check(spec.loads(text))


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_every_reference_network_keeps_its_function(path: Path) -> None:
    check(spec.load(path), count=100)


@given(st.one_of(networks(), families()))
def test_random_architectures_keep_their_functions(net: spec.Architecture) -> None:
    check(net)


@pytest.mark.long
@settings(max_examples=200)
@given(st.one_of(networks(), families()))
def test_random_architectures_keep_their_functions_long(net: spec.Architecture) -> None:
    check(net)


@pytest.mark.parametrize(
    ("text", "signs", "scales"),
    [
        pytest.param(MLP % ("relu", "relu"), 0, 9, id="relu"),
        pytest.param(MLP % ("tanh", "tanh"), 9, 0, id="tanh"),
        pytest.param(MLP % ("tanh", "relu"), 4, 5, id="one of each"),
        pytest.param(MLP % ("gelu", "silu"), 0, 0, id="neither"),
        pytest.param(MLP % ("identity", "identity"), 9, 9, id="linear"),
        # The factors of the stream are those of what is added to it; the body has its own.
        pytest.param(STREAM, 4, 10, id="a stream"),
        # Behind the norm 4, between queries and keys 4, of the values 4, behind the output 4; the
        # neurons before the norm have none.
        pytest.param(ATTENTION % "false", 16, 16, id="attention"),
        pytest.param(NORMED % "1e-5", 0, 5, id="a norm takes up factors behind it"),
        pytest.param(TIED, 0, 0, id="tensors used twice are left alone"),
    ],
)
def test_as_many_factors_as_there_should_be(text: str, signs: int, scales: int) -> None:
    net = spec.loads(text)
    group = graphgen.scalings(net)
    assert (group.signs, group.scales) == (signs, scales)
    assert str(group).startswith(f"{signs} signs and {scales} scales")
    check(net)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_factors_that_an_activation_does_not_allow_change_the_function(activation: str) -> None:
    allowed = graphgen.scalings(spec.loads(MLP % ("identity", "identity")))
    net = spec.loads(MLP % (activation, activation))
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    element = allowed.sample(rng)
    moved = element.apply(weights)
    assert relative_error(outputs(net, moved, x), outputs(net, weights, x)) > 1e-3
    magnitudes = replace(element, values=np.abs(element.values)).apply(weights)
    error = relative_error(outputs(net, magnitudes, x), outputs(net, weights, x))
    assert (error <= 1e-10) == (activation == "relu")
