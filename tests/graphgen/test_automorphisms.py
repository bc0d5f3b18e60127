from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pytest
from oracles.automorphisms import ColouredGraph, coloured_graph, factors
from sympy.combinatorics import Permutation, PermutationGroup

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing import TWINS
from spec.testing.examples import EXAMPLES, example_texts
from spec.testing.made_weights import MADE_TWINS
from spec.testing.recurrence_twins import RECURRENCE_TWINS
from spec.testing.sequence_twins import SEQUENCE_TWINS
from spec.testing.small_nets import SMALL_NETS, small_net
from spec.testing.space_twins import SPACE_TWINS

LARGEST = 8000
ATTENTION = """
inputs: {x: [2, 3]}
layers:
  - linear: {out_features: 8}
  - multihead_attention: {num_heads: 4, num_kv_heads: 2, head_dim: 2, packed: false, name: a}
  - linear: {out_features: 2}
"""


def graph_of(net: spec.Architecture, kind: str, values: Any = None) -> ColouredGraph:
    """Colour a graph; the parameters of a computation graph keep their places in kernels."""
    structure = graphgen.template(net, kind)
    roles = graphgen.template(net) if kind == "computation" else None
    return coloured_graph(structure, values, roles)


def examples() -> Iterator[Any]:
    for type_ in EXAMPLES:
        for place, text in enumerate(example_texts(type_)):
            yield pytest.param(text, id=f"{type_}-{place}")


@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("text", list(examples()))
def test_every_layer_has_the_derived_symmetries(text: str, kind: str) -> None:
    net = spec.loads(text)
    graph = graph_of(net, kind)
    if graph.num_vertices <= LARGEST:
        assert graph.order() == graphgen.symmetries(net).order


@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("name", SMALL_NETS)
def test_every_reference_network_has_the_derived_symmetries(name: str, kind: str) -> None:
    net = small_net(name)
    graph = graph_of(net, kind)
    assert graph.num_vertices <= LARGEST
    assert graph.order() == graphgen.symmetries(net).order


def test_every_reference_network_is_among_the_small_ones() -> None:
    from importlib.resources import files

    names = [path.name for path in (files("spec") / "nets").iterdir()]
    networks = {name.removesuffix(".yaml") for name in names if name.endswith(".yaml")}
    assert networks == set(SMALL_NETS)


@pytest.mark.parametrize("kind", ["parameter", "computation"])
def test_grouped_queries_have_128_symmetries(kind: str) -> None:
    net = spec.loads(ATTENTION)
    around = 40320  # the 8 neurons of the stream before; those behind are outputs
    assert graphgen.symmetries(net).order == 128 * around * 40320
    assert graph_of(net, kind).order() == 128 * around * 40320


@pytest.mark.parametrize(("kind", "turns"), [("p4", 4**3 * 4**2), ("p4m", 8**3 * 8**2)])
def test_channels_with_orientations_turn(kind: str, turns: int) -> None:
    net = spec.loads(f"""
inputs: {{x: [1, 3, 3]}}
layers:
  - {kind}_conv2d: {{out_channels: 3, kernel_size: 2}}
  - relu
  - {kind}_conv2d: {{out_channels: 2, kernel_size: 2}}
  - amax: {{dim: [2, 3, 4]}}
  - linear: {{out_features: 2}}
""")
    group = graphgen.symmetries(net)
    assert (group.order, group.turns) == (12, turns)
    assert f"12 permutations, {12 * turns} with turns" in str(group)
    assert graph_of(net, "computation").order() == 12
    # Where nothing tells the taps of a kernel apart, a kernel may turn.
    assert coloured_graph(graphgen.template(net, "computation")).order() == 12 * turns


@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("name", SMALL_NETS)
def test_some_generators_are_automorphisms(name: str, kind: str) -> None:
    check_generators(name, kind, 4)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("name", SMALL_NETS)
def test_all_generators_are_automorphisms(name: str, kind: str) -> None:
    check_generators(name, kind, None)


def check_generators(name: str, kind: str, count: int | None) -> None:
    net = small_net(name)
    rng = np.random.default_rng(0)
    # Numbered, so that an isomorphism must take each scalar to where the generator takes it.
    sizes = np.cumsum([0, *(np.prod(t.shape, dtype=int) for t in net.tensors.values())])
    weights = {
        tensor.name: np.arange(a, b, dtype=np.float64).reshape(tensor.shape)
        for tensor, (a, b) in zip(net.tensors.values(), pairwise(sizes), strict=True)
    }
    before = graph_of(net, kind, weights).certificate()
    group = graphgen.symmetries(net)
    chosen = [*group.generators()]
    for place in rng.permutation(len(chosen))[:count]:
        assert graph_of(net, kind, chosen[place].apply(weights)).certificate() == before
    assert graph_of(net, kind, group.sample(rng).apply(weights)).certificate() == before
    name = next(n for n, t in net.tensors.items() if t.trainable and len(t.shape) > 1)
    flat = weights[name].reshape(-1)
    moved = {**weights, name: np.roll(flat, 1).reshape(weights[name].shape)}
    assert graph_of(net, kind, moved).certificate() != before


DIFFERENT = {**TWINS, **SEQUENCE_TWINS, **SPACE_TWINS, **MADE_TWINS, **RECURRENCE_TWINS}


@pytest.mark.parametrize("name", [*DIFFERENT])
def test_different_functions_have_different_certificates(name: str) -> None:
    a, b = (spec.loads(text) for text in DIFFERENT[name])
    assert differ(a, b) > 1e-6
    assert graph_of(a, "parameter").certificate() != graph_of(b, "parameter").certificate()


def differ(a: spec.Architecture, b: spec.Architecture) -> float:
    """How far two networks lie apart, with the same numbers in tensors of the same names."""
    rng = np.random.default_rng(0)
    mine, drawn = random_weights(a, rng), random_inputs(a, rng)
    x = [array if array.dtype.kind == "i" else 3 * array for array in drawn]
    theirs = random_weights(b, np.random.default_rng(0))
    if tuple(a.inputs.values()) != tuple(b.inputs.values()):
        return np.inf
    for key, array in mine.items():
        if key in theirs and theirs[key].shape == array.shape:
            theirs[key] = array
    return relative_error(outputs(b, theirs, x), outputs(a, mine, x))


SWAPS = {
    "queries and keys": (
        "multihead_attention: {num_heads: 2, packed: false, causal: true, name: a}",
        [("a.q_proj.weight", "a.k_proj.weight"), ("a.q_proj.bias", "a.k_proj.bias")],
    ),
    "keys and values": (
        "multihead_attention: {num_heads: 2, packed: false, name: a}",
        [("a.k_proj.weight", "a.v_proj.weight"), ("a.k_proj.bias", "a.v_proj.bias")],
    ),
    "gate and up": (
        "swiglu: {hidden_features: 3, bias: false, name: a}",
        [("a.gate_proj.weight", "a.up_proj.weight")],
    ),
}


@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("name", SWAPS)
def test_exchanged_weights_have_different_certificates(name: str, kind: str) -> None:
    layer, swaps = SWAPS[name]
    net = spec.loads(
        f"inputs: {{x: [3, 2]}}\nlayers:\n  - linear: {{out_features: 4}}\n  - {layer}\n"
    )
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    swapped = dict(weights)
    for a, b in swaps:
        swapped[a], swapped[b] = weights[b], weights[a]
    check_separated(net, weights, swapped, x, kind)


@pytest.mark.parametrize("kind", ["parameter", "computation"])
def test_exchanged_taps_have_different_certificates(kind: str) -> None:
    net = spec.loads(
        "inputs: {x: [2, 5]}\nlayers:\n  - conv1d: {out_channels: 3, kernel_size: 3, name: c}\n"
        "  - relu\n  - flatten\n  - linear: {out_features: 2}\n"
    )
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    swapped = {**weights, "c.weight": weights["c.weight"][..., [1, 0, 2]]}
    check_separated(net, weights, swapped, x, kind)


def check_separated(net: Any, weights: Any, others: Any, x: Any, kind: str) -> None:
    assert relative_error(outputs(net, others, x), outputs(net, weights, x)) > 1e-3
    before = graph_of(net, kind, weights).certificate()
    assert graph_of(net, kind, others).certificate() != before
    permuted = graphgen.symmetries(net).sample(np.random.default_rng(1)).apply(weights)
    assert graph_of(net, kind, permuted).certificate() == before


def test_the_order_is_that_of_the_factors_that_move_nothing_in_common() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        generators = []
        for _ in range(4):
            points = rng.choice(9, size=int(rng.integers(2, 4)), replace=False)
            moved = list(range(9))
            for place, point in enumerate(points):
                moved[point] = int(points[place - 1])
            generators.append(moved)
        parts = list(factors(generators, set(range(9))))
        orders = []
        for part, members in parts:
            assert all(g[i] in part for g in members for i in part)
            orders.append(PermutationGroup([Permutation(g) for g in members]).order())
        whole = PermutationGroup([Permutation(g) for g in generators])
        assert whole.order() == prod(int(order) for order in orders)
    assert len(list(factors([[1, 0, 2, 3], [0, 1, 3, 2], [0, 1, 2, 3]], {0, 1, 2, 3}))) == 2
