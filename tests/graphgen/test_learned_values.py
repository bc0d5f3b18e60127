"""Learned values of any shape: their orders by hand, by nauty, and as functions."""

from __future__ import annotations

from math import factorial as f

import numpy as np
import pytest
from oracles.any_network import check_network

import graphgen
import spec

READ = "multihead_attention: {num_heads: 2, embed_dim: 6, inputs: [q, x]}"
NETS: dict[str, tuple[str, int]] = {
    "queries that are averaged": (
        "inputs: {x: [5, 6]}\nlayers:\n  - parameter: {shape: [4, 6], name: q}\n"
        f"  - {READ}\n  - linear: {{out_features: 3}}\n  - mean: {{dim: 1}}",
        f(4) * f(6) * f(2) * f(3) ** 4 * f(6),
    ),
    "queries whose order is read": (
        "inputs: {x: [5, 6]}\nlayers:\n  - parameter: {shape: [4, 6], name: q}\n"
        f"  - {READ}\n  - flatten\n  - linear: {{out_features: 3}}",
        f(4) * f(6) * f(2) * f(3) ** 4 * f(6),
    ),
    "queries that are the output": (
        "inputs: {x: [5, 6]}\nlayers:\n  - parameter: {shape: [4, 6], name: q}\n"
        f"  - {READ}\n  - linear: {{out_features: 3}}",
        f(6) * f(2) * f(3) ** 4 * f(6),
    ),
    "a gate of each channel": (
        "inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - parameter: {shape: [4], name: g}\n  - sigmoid: {name: s}\n"
        "  - multiply: {inputs: [a, s]}\n  - linear: {out_features: 2}",
        f(4),
    ),
    "one number": (
        "inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - parameter: {shape: [], name: g}\n  - exp\n  - reshape: {shape: [1], name: e}\n"
        "  - multiply: {inputs: [a, e]}\n  - linear: {out_features: 2}",
        f(4),
    ),
    "a bound of each unit": (
        "inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - parameter: {shape: [4], name: g}\n"
        "  - maximum: {inputs: [a, g]}\n  - linear: {out_features: 2}",
        f(4),
    ),
    "a table of two axes of items": (
        "inputs: {x: [2, 3, 5]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - parameter: {shape: [2, 3, 4], name: g}\n"
        "  - multiply: {inputs: [a, g]}\n  - linear: {out_features: 2}",
        f(4),
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_the_order_of_a_network_with_learned_values(name: str) -> None:
    text, order = NETS[name]
    check_network(spec.loads(text), order)


def test_a_learned_value_has_the_name_of_its_layer() -> None:
    text = (
        "inputs: {x: [3]}\nlayers: [{parameter: {shape: [3], name: q%s}}, {add: {inputs: [x, q]}}]"
    )
    assert spec.loads(text % "").parameters == {"q": (3,)}
    assert spec.loads(text % ", parameters: {weight: query.weight}").parameters == {
        "query.weight": (3,)
    }
    net = spec.loads(text % "")
    assert spec.from_resolved(net.resolved()).hash == net.hash
    out = graphgen.evaluate(net, {"q": np.arange(3.0)}, np.ones((2, 3)))
    assert np.array_equal(out, np.ones((2, 3)) + np.arange(3))
