from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from math import factorial, prod
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.symmetry import Permutation, Symmetries
from graphgen.testing import (
    assert_symmetric,
    random_inputs,
    random_weights,
    relative_error,
    tolerance,
)
from graphgen.testing.symmetric import outputs

MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, tanh, {linear: {out_features: 3}}, tanh,
         {linear: {out_features: 2}}]
"""
STREAM = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3}
  - residual: {body: [{linear: {out_features: 2}}, tanh, {linear: {out_features: 3}}]}
  - linear: {out_features: 2}
"""
GROUPED = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - tanh
  - conv1d: {out_channels: 4, kernel_size: 2, groups: 2}
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
DEPTHWISE = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 3, kernel_size: 2}
  - tanh
  - conv1d: {out_channels: 6, kernel_size: 2, groups: 3}
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
GROUP_NORM = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - %s
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
FLAT_GROUP_NORM = """
inputs: {x: [1, 4]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - flatten
  - group_norm: {num_groups: %d}
  - linear: {out_features: 2}
"""
POSITION_NORM = """
inputs: {x: [4, 3]}
layers: [{linear: {out_features: 4}}, {group_norm: {num_groups: 2}}, tanh, flatten,
         {linear: {out_features: 2}}]
"""
TIED = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3, name: a}
  - tanh
  - linear: {out_features: 3, parameters: {weight: a.weight}}
  - tanh
  - linear: {out_features: 2}
"""
TIED_LATER = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3}
  - tanh
  - linear: {out_features: 3, name: a}
  - tanh
  - linear: {out_features: 3, parameters: {weight: a.weight}}
  - tanh
  - linear: {out_features: 2}
"""
TIED_NESTED = """
inputs: {x: [1, 8]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 1}
  - tanh
  - conv1d: {out_channels: 2, kernel_size: 1, groups: 2, parameters: {weight: shared}}
  - tanh
  - conv1d: {out_channels: 2, kernel_size: 1}
  - tanh
  - conv1d: {out_channels: 2, kernel_size: 1, parameters: {weight: shared}}
  - flatten
  - linear: {out_features: 2}
"""
TIED_SCALES = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3}
  - layer_norm: {parameters: {weight: scale, bias: shift}}
  - tanh
  - linear: {out_features: 3}
  - layer_norm: {parameters: {weight: scale}}
  - tanh
  - linear: {out_features: 2}
"""
TWO_OUTPUTS = """
inputs: {x: [2]}
layers: [{linear: {out_features: 3, name: a}}, tanh, {linear: {out_features: 3}}, tanh,
         {linear: {out_features: 2, name: b}}]
outputs: [a, b]
"""
ORDERS = {
    # The number of symmetries, counted by hand.
    "mlp": (MLP, 24 * 6),
    "a stream ties what it adds": (STREAM, 6 * 2),
    "groups move as wholes": (GROUPED, 2 * (2 * 2) * (2 * 2)),
    "channels with a filter of their own": (DEPTHWISE, 6 * 2**3),
    "a norm of groups": (GROUP_NORM % "group_norm: {num_groups: 2}", 2 * 2 * 2),
    "a norm of one group": (GROUP_NORM % "group_norm: {num_groups: 1}", 24),
    "a norm of each channel": (GROUP_NORM % "group_norm: {num_groups: 4}", 24),
    "a norm of all": (GROUP_NORM % "layer_norm: {normalized_shape: [4, 5]}", 24),
    "a norm of the positions": (GROUP_NORM % "layer_norm", 24),
    "a norm of runs of channels": (FLAT_GROUP_NORM % 2, 2 * 2 * 2),
    "a norm of parts of channels": (FLAT_GROUP_NORM % 12, 24),
    "a norm across channels": (FLAT_GROUP_NORM % 3, 1),
    "a norm of groups of positions": (POSITION_NORM, 24),
    "shared with the inputs": (TIED, 1),
    "shared among the hidden": (TIED_LATER, 6),
    "shared by groups and by none": (TIED_NESTED, 2 * 2),
    "shared scales": (TIED_SCALES, 6),
    "outputs stay": (TWO_OUTPUTS, 6),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_group_has_as_many_elements_as_it_should(name: str) -> None:
    text, order = ORDERS[name]
    net = spec.loads(text)
    group = graphgen.symmetries(net)
    assert group.order == order
    assert len(closure(group)) == order
    assert str(group).startswith(f"{order} permutations\n")
    structure = graphgen.template(net)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    assert_symmetric(net, weights, x, rng, count=20)
    if prod(factorial(group.size) for group in hidden_groups(structure)) < 10_000:
        assert len(invariant_permutations(net, weights, x)) == order


def closure(group: Symmetries) -> set[tuple[int, ...]]:
    """All products of the generators."""
    steps = [element.nodes for element in group.generators()]
    start = np.arange(group.template.num_nodes)
    found, new = {tuple(start)}, [start]
    while new:
        new = [nodes[step] for nodes in new for step in steps]
        new = [n for n in {tuple(n): n for n in new}.values() if tuple(n) not in found]
        found |= {tuple(n) for n in new}
    return found


def automorphisms(net: Any, weights: Any) -> Iterator[dict[str, Any]]:
    """Try every permutation of the neurons within each group; give what the possible ones make."""
    structure = graphgen.template(net)
    free = hidden_groups(structure)
    for choice in product(*(permutations(range(g.size)) for g in free)):
        nodes = np.arange(structure.num_nodes)
        for group, order in zip(free, choice, strict=True):
            nodes[group.start : group.start + group.size] = group.start + np.array(order)
        try:
            yield Permutation(structure, nodes).apply(weights)
        except graphgen.GraphError:
            continue


def hidden_groups(structure: graphgen.Template) -> list[graphgen.NodeGroup]:
    groups = structure.node_groups
    return [g for g in groups if g.kind in ("neuron", "hub") and g.output < 0 and g.size > 1]


def invariant_permutations(net: Any, weights: Any, x: Any) -> list[dict[str, Any]]:
    before = outputs(net, weights, x)
    errors = [
        (permuted, relative_error(outputs(net, permuted, x), before))
        for permuted in automorphisms(net, weights)
    ]
    return [permuted for permuted, error in errors if error <= tolerance("float64")]


def test_brute_force_finds_too_little_and_too_much() -> None:
    net = spec.loads(MLP)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    weights["0.weight"][1], weights["0.bias"][1] = weights["0.weight"][0], weights["0.bias"][0]
    weights["2.weight"][:, 1] = weights["2.weight"][:, 0]
    assert len(invariant_permutations(net, weights, x)) == 144
    narrow = spec.loads(TIED)
    weights, x = random_weights(narrow, rng), random_inputs(narrow, rng)
    weights["a.weight"][:] = np.eye(3)
    assert len(invariant_permutations(narrow, weights, x)) == 1


def test_permuted_weights_make_an_isomorphic_graph() -> None:
    for text, _ in ORDERS.values():
        net = spec.loads(text)
        weights = random_weights(net, np.random.default_rng(0))
        element = graphgen.symmetries(net).sample(np.random.default_rng(1))
        a, b = graphgen.compile(net, weights), graphgen.compile(net, element.apply(weights))
        kinds = np.repeat(np.arange(len(a.blocks)), [block.num_edges for block in a.blocks])

        def rows(index: Any, values: Any, kinds: Any = kinds) -> list[tuple[Any, ...]]:
            return sorted(zip(*index.tolist(), values.tolist(), kinds.tolist(), strict=True))

        moved = element.nodes[b.edge_index()]
        assert rows(moved, b.edge_values()) == rows(a.edge_index(), a.edge_values())


def test_every_element_is_drawn_about_as_often() -> None:
    group = graphgen.symmetries(spec.loads(ORDERS["a norm of groups"][0]))
    rng = np.random.default_rng(0)
    drawn = [tuple(group.sample(rng).nodes) for _ in range(800)]
    counts = {element: drawn.count(element) for element in closure(group)}
    assert len(counts) == 8
    assert all(70 <= count <= 130 for count in counts.values())


def test_the_order_of_a_large_group_is_exact() -> None:
    net = spec.loads(
        "inputs: {x: [2]}\nlayers: [{linear: {out_features: 100}}, relu, "
        "{linear: {out_features: 50}}, relu, {linear: {out_features: 2}}]"
    )
    assert graphgen.symmetries(net).order == prod((factorial(100), factorial(50)))


@pytest.mark.parametrize(("pairs", "order"), [
    ("[[0, 1], [1, 2], [2, 3], [3, 0]]", 8), ("[[0, 1], [1, 2], [2, 3], [1, 0]]", 2),
    ("[[0, 1], [2, 3]]", 8), ("[[0, 1], [3, 2]]", 8), ("[[0, 1], [1, 2], [2, 3]]", 2),
])  # fmt: skip
def test_choices_of_neurons_are_exchanged_in_whatever_order_they_are_written(
    pairs: str, order: int
) -> None:
    net = spec.loads(
        """
inputs: {x: [3]}
vars: {pairs: PAIRS}
layers:
  - linear: {out_features: 4, name: h}
  - repeat:
      times: "${len(pairs)}"
      collect: parts
      layers:
        - index_select: {inputs: h, dim: 1, index: "${pairs[i]}"}
        - linear: {out_features: 1}
  - concat: {inputs: parts}
  - tanh
  - linear: {out_features: 2}
""".replace("PAIRS", pairs)
    )
    group = graphgen.symmetries(net)
    assert group.order == order
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    assert_symmetric(net, weights, x, rng, count=order)


@pytest.mark.parametrize(("bias", "order"), [(False, 24 * 2**4), (True, 24 * 2)])
def test_multiplied_layers_are_exchanged_as_wholes_where_they_have_biases(
    bias: bool, order: int
) -> None:
    layer = f"inputs: x, out_features: 4, bias: {str(bias).lower()}"
    net = spec.loads(f"""
inputs: {{x: [3]}}
layers:
  - linear: {{name: a, {layer}}}
  - linear: {{name: b, {layer}}}
  - multiply: {{inputs: [a, b]}}
  - linear: {{out_features: 2}}
""")
    assert graphgen.symmetries(net).order == order
