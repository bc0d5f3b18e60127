from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from oracles.scalings import SlowScalings
from oracles.scalings import Unknowns as SlowUnknowns

import graphgen
import spec
from graphgen.symmetry.unknowns import Unknowns
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing import networks
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
CELL = """
inputs: {x: [4, 2]}
layers:
  - lstm: {hidden_size: 3%s}
  - layer_scale
  - relu
  - layer_scale
  - linear: {out_features: 2}
"""
OTHER = "  - linear: {out_features: 4, name: b}\n"
GRAM = """
inputs: {x: [3, 5]}
layers:
%s  - linear: {out_features: 4, inputs: x, name: a}
  - transpose: {dim0: 1, dim1: 2, name: t}
  - matmul: {inputs: %s, name: scores}
  - add: {inputs: [scores, scores]}
  - select: {dim: 2, index: 0}
  - linear: {out_features: 2, name: c}
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
    assert moved == (len(group.roots) > 0)


@pytest.mark.parametrize("text", TEXTS)
def test_every_layer_keeps_its_function(text: str) -> None:
    check(spec.loads(text))


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_every_reference_network_keeps_its_function(path: Path) -> None:
    check(spec.load(path), count=100)


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
        pytest.param(GRAM % ("", "[a, t]"), 4, 0, id="a value times itself"),
        pytest.param(GRAM % (OTHER, "[b, t]"), 4, 4, id="two values"),
        # The state that a cell reads has none; it has them behind one scale, and behind the other.
        pytest.param(CELL % "", 3, 6, id="behind a cell"),
        pytest.param(CELL % ", proj_size: 2", 2, 4, id="behind a cell of projected states"),
        pytest.param(TIED, 0, 0, id="tensors used twice are left alone"),
    ],
)
def test_as_many_factors_as_there_should_be(text: str, signs: int, scales: int) -> None:
    net = spec.loads(text)
    group = graphgen.scalings(net)
    assert (group.signs, group.scales) == (signs, scales)
    assert str(group).startswith(f"{signs} signs and {scales} scales")
    check(net)


@pytest.mark.parametrize("parts", [("", "[a, t]"), (OTHER, "[b, t]")])
def test_copies_under_products_are_found(parts: tuple[str, str]) -> None:
    net = spec.loads(GRAM % parts)
    signs, group = graphgen.scalings(net), graphgen.symmetries(net)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        weights = random_weights(net, rng)
        other = signs.sample(rng).apply(group.sample(rng).apply(weights))
        assert graphgen.match(net, weights, other).how == "exact copy"


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


PRODUCTS = {
    "bilinear": """
inputs: {x: [3]}
layers:
  - linear: {out_features: 6, name: a}
  - linear: {out_features: 6, name: b, inputs: x}
  - multiply: {inputs: [a, b]}
  - linear: {out_features: 2}
""",
    "a product of three": """
inputs: {x: [3]}
layers:
  - linear: {out_features: 4, name: a}
  - linear: {out_features: 4, name: b, inputs: x}
  - tanh: {name: c}
  - multiply: {inputs: [a, b, c]}
  - linear: {out_features: 2}
""",
    "products that share": """
inputs: {x: [3]}
layers:
  - linear: {out_features: 4, name: a}
  - linear: {out_features: 4, name: b, inputs: x}
  - linear: {out_features: 4, name: c, inputs: x}
  - multiply: {inputs: [a, b], name: ab}
  - multiply: {inputs: [b, c], name: bc}
  - multiply: {inputs: [ab, bc]}
  - linear: {out_features: 2}
""",
    "a gate that stops": """
inputs: {x: [3]}
layers:
  - linear: {out_features: 5, name: a}
  - linear: {out_features: 5, name: b, inputs: x}
  - sigmoid: {name: g}
  - multiply: {inputs: [a, g]}
  - linear: {out_features: 2}
""",
}


def agrees(net: spec.Architecture) -> None:
    assert str(graphgen.scalings(net)) == str(SlowScalings(graphgen.template(net)))


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_reference_networks_have_as_many_factors_as_one_by_one(path: Path) -> None:
    agrees(spec.load(path))


@pytest.mark.parametrize("text", [*TEXTS, *(pytest.param(t, id=n) for n, t in PRODUCTS.items())])
def test_every_layer_has_as_many_factors_as_one_by_one(text: str) -> None:
    agrees(spec.loads(text))


@given(networks())
def test_random_architectures_have_as_many_factors_as_one_by_one(net: spec.Architecture) -> None:
    agrees(net)


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_keep_their_functions(name: str) -> None:
    check(spec.loads(PRODUCTS[name]))


@pytest.mark.parametrize("seed", range(30))
def test_unknowns_are_those_of_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 40))
    fast, slow = Unknowns(), SlowUnknowns()
    fast.new(count)
    for _ in range(count):
        slow.new()
    for _ in range(6):
        a, b = rng.integers(count, size=(2, int(rng.integers(1, 12))))
        power = int(rng.choice((1, -1)))
        fast.equate(a, b, power)
        for first, second in zip(a, b, strict=True):
            slow.equate(int(first), int(second), power)
        chosen = rng.integers(count, size=2)
        for name in rng.choice(("require_positive", "require_unit", "fix"), 1):
            getattr(fast, name)(chosen)
            for unknown in chosen:
                getattr(slow, name)(int(unknown))
        assert fast.fixed(np.arange(count)).tolist() == [slow.fixed(u) for u in range(count)]
        assert len(fast.roots()) == len(slow.roots())
        pairs = [(i, j) for i in range(count) for j in range(i)]
        for i, j in pairs:
            (r, p), (s, q) = fast.find(i), fast.find(j)
            (t, m), (u, n) = slow.find(i), slow.find(j)
            assert (r == s) == (t == u)
            if r == s and not slow.unit[t]:
                assert p * q == m * n
        for i in range(count):
            root, old = fast.find(i)[0], slow.find(i)[0]
            assert fast.positive[root] == slow.positive[old]
            assert fast.unit[root] == slow.unit[old]


def test_control_more_factors_than_there_are_are_seen() -> None:
    net = spec.loads(MLP % ("relu", "relu"))
    other = spec.loads(MLP % ("relu", "gelu"))
    assert str(graphgen.scalings(net)) != str(SlowScalings(graphgen.template(other)))
