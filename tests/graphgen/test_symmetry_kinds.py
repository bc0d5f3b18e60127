"""Orders by hand of networks in which parts of a concat, positions and tensors meet."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.symmetry import Permutation
from graphgen.testing import (
    assert_symmetric,
    random_inputs,
    random_weights,
    relative_error,
    tolerance,
)
from graphgen.testing.symmetric import outputs

HEAD = "  - flatten\n  - linear: {out_features: 2}\n"
CONV = "conv1d: {kernel_size: 1, name: %s, inputs: %s, out_channels: %d%s}"


def net_of(inputs: str, *layers: str, head: str = HEAD) -> str:
    return f"inputs: {inputs}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers) + head


def branches(count: int, more: str = "") -> list[str]:
    return [CONV % (f"b{k}", "x", 4, more) for k in range(count)]


KINDS: dict[str, tuple[str, int]] = {
    # A group takes the channels of one branch: they move together.
    "branches into a grouped convolution": (
        net_of(
            "{x: [1, 5]}",
            *branches(4),
            "concat: {inputs: [b0, b1, b2, b3]}",
            "conv1d: {out_channels: 4, kernel_size: 1, groups: 4}",
        ),
        factorial(4) ** 4 * factorial(4),
    ),
    # Groups of six of eight and sixteen channels: 6, 2 + 4, 6, 6. Without biases all are alike.
    "a group norm across a concat": (
        net_of(
            "{x: [3, 5]}",
            CONV % ("a", "x", 8, ", bias: false"),
            CONV % ("b", "x", 16, ", bias: false"),
            "concat: {inputs: [a, b]}",
            "group_norm: {num_groups: 4}",
        ),
        factorial(6) ** 4 * factorial(4),
    ),
    "a group norm across a concat with biases that tell its parts apart": (
        net_of(
            "{x: [3, 5], y: [3, 5]}",
            CONV % ("a", "x", 8, ""),
            CONV % ("b", "y", 16, ""),
            "concat: {inputs: [a, b]}",
            "group_norm: {num_groups: 4}",
        ),
        factorial(6) * factorial(2) * factorial(4) * factorial(6) ** 2 * 2,
    ),
    "a concat of a value with itself": (
        net_of(
            "{x: [3]}",
            "linear: {out_features: 5, name: a}",
            "concat: {inputs: [a, a]}",
            head="  - linear: {out_features: 2}\n",
        ),
        factorial(5) * 2**5,  # the two columns of each neuron
    ),
    "a concat of a value with itself, in groups": (
        net_of(
            "{x: [3, 5]}",
            CONV % ("a", "x", 4, ""),
            "concat: {inputs: [a, a]}",
            "conv1d: {out_channels: 4, kernel_size: 1, groups: 4}",
        ),
        2 * 2 * 2 * 2 * 2,  # pairs of channels, their order; and the two groups that read a pair
    ),
    "splits interleaved": (
        net_of(
            "{x: [3]}",
            "linear: {out_features: 8}",
            "reshape: {shape: [4, 2], name: a}",
            "split: {inputs: a, sections: 2, dim: 2, index: 0, name: s}",
            "split: {inputs: a, sections: 2, dim: 2, index: 1, name: t}",
            "sigmoid: {name: u}",
            "multiply: {inputs: [s, u]}",
        ),
        factorial(4),
    ),
    # Rows of a grid of two by three, dealt to groups across it: the grid stays a grid.
    "a channel shuffle": (
        net_of(
            "{x: [3, 5]}",
            "conv1d: {out_channels: 6, kernel_size: 1, groups: 1}",
            "group_norm: {num_groups: 2}",
            "reshape: {shape: [2, 3, 5]}",
            "transpose: {dim0: 1, dim1: 2}",
            "reshape: {shape: [6, 5]}",
            "conv1d: {out_channels: 3, kernel_size: 1, groups: 3}",
        ),
        2 * factorial(3),
    ),
    # Queries and keys, values, and what is read of these.
    "tokens that are neurons, behind a causal mask": (
        net_of(
            "{x: [3, 4]}",
            "conv1d: {out_channels: 4, kernel_size: 1}",
            "multihead_attention: {num_heads: 1, head_dim: 3, packed: false, causal: true}",
        ),
        factorial(3) ** 2 * factorial(4),
    ),
    "tokens that are neurons, without a mask": (
        net_of(
            "{x: [3, 4]}",
            "conv1d: {out_channels: 4, kernel_size: 1}",
            "multihead_attention: {num_heads: 1, head_dim: 3, packed: false}",
        ),
        factorial(3) ** 2 * factorial(4) * factorial(4),
    ),
    "tokens that are neurons, in two heads": (
        net_of(
            "{x: [3, 10]}",
            "conv1d: {out_channels: 5, kernel_size: 1}",
            "multihead_attention: {num_heads: 2, head_dim: 5}",
        ),
        factorial(5) * 2 * factorial(5) ** 4 * factorial(10),
    ),
    "positions as outputs": (
        net_of(
            "{x: [3, 4]}",
            "conv1d: {out_channels: 5, kernel_size: 1}",
            "linear: {out_features: 2}",
            head="",
        ),
        1,
    ),
    "one head on two values": (
        net_of(
            "{x: [2]}",
            "linear: {out_features: 3, name: a}",
            "linear: {out_features: 3, inputs: x, name: b}",
            "linear: {out_features: 4, inputs: a, name: c, parameters: {weight: w, bias: v}}",
            "linear: {out_features: 4, inputs: b, name: d, parameters: {weight: w, bias: v}}",
            "add: {inputs: [c, d]}",
            "tanh",
            head="  - linear: {out_features: 2}\n",
        ),
        factorial(3) * factorial(4) * 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_the_order_is_that_by_hand_and_every_element_keeps_the_function(name: str) -> None:
    text, order = KINDS[name]
    net = spec.loads(text)
    group = graphgen.symmetries(net)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    assert_symmetric(net, weights, x, rng, group=group)
    assert group.statements == ()
    assert group.order == order
    check_others(net, weights, x, rng)


def check_others(net: Any, weights: Any, x: Any, rng: Any) -> None:
    """Weights of one tensor in an order that no symmetry gives make another function."""
    name = next(n for n, t in net.tensors.items() if t.trainable and len(t.shape) > 1)
    flat = weights[name].reshape(-1)
    moved = {**weights, name: rng.permutation(flat).reshape(weights[name].shape)}
    assert relative_error(outputs(net, moved, x), outputs(net, weights, x)) > tolerance("float64")


@pytest.mark.parametrize("name", KINDS)
def test_runs_say_what_may_be_chosen(name: str) -> None:
    group = graphgen.symmetries(spec.loads(KINDS[name][0]))
    rng = np.random.default_rng(0)
    runs = [inner for run in group.runs for inner in run.all()]
    product = 1
    for run in runs:
        product *= (factorial(run.items) if run.free else run.items) ** run.copies
        nodes = run.nodes
        assert np.unique(nodes.reshape(-1)).size == nodes.size
        if run.free and nodes.size:
            orders = rng.permuted(np.tile(np.arange(run.items), (run.copies, 1)), axis=1)
            image = group.arranged({run: orders}).nodes
            moved = np.take_along_axis(nodes, orders[:, :, None], axis=1)
            assert np.array_equal(image[nodes], moved)
    assert product == group.order


def test_a_rest_that_is_too_large_to_search_stays_in_place_and_says_so() -> None:
    net = spec.loads(
        net_of(
            "{x: [2, 3]}",
            "conv1d: {name: a, out_channels: 9, kernel_size: 1}",
            "reshape: {name: b, inputs: a, shape: [9, 1, 3]}",
            "reshape: {name: c, inputs: a, shape: [1, 9, 3]}",
            "multiply: {inputs: [b, c]}",
            "sum: {dim: 3}",
        )
    )
    group = graphgen.symmetries(net)
    assert len(group.statements) == 1
    assert "stay in place" in group.statements[0]
    assert group.statements[0] in str(group)
    rng = np.random.default_rng(0)
    assert_symmetric(net, random_weights(net, rng), random_inputs(net, rng), rng, group=group)


def test_a_permutation_of_two_uses_in_two_ways_is_refused() -> None:
    net = spec.loads(KINDS["one head on two values"][0])
    structure = graphgen.template(net)
    start = next(g.start for g in structure.node_groups if g.name == "a")
    nodes = np.arange(structure.num_nodes)
    nodes[[start, start + 1]] = start + 1, start
    with pytest.raises(graphgen.GraphError, match="moves the uses of 'w' differently"):
        Permutation(structure, nodes).apply(random_weights(net, np.random.default_rng(0)))
