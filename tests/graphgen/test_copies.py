"""What is repeated for several heads, or channels, is the same for each: they may be exchanged."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.any_network import Case, check_automorphisms, check_exchanges, check_order, outputs

import graphgen
import spec

BEGIN = """
inputs: {x: [5, 8]}
layers:
  - linear: {name: q, inputs: x, out_features: 8, bias: false}
  - reshape: {shape: [5, 4, 2], name: heads}
  - transpose: {name: queries, dim0: 1, dim1: 2}
  - linear: {name: k, inputs: x, out_features: %(width)s, bias: false}
  - reshape: {shape: [5, %(shared)s, 2]}
  - transpose: {name: keys, dim0: 1, dim1: 2}
"""
END = """
  - transpose: {dim0: 1, dim1: 2}
  - flatten: {start_dim: 2}
  - linear: {out_features: 3}
"""
GROUPED = "  - scaled_dot_product_attention: {inputs: [queries, keys, keys], enable_gqa: true}"
ATTEND = "  - scaled_dot_product_attention: {inputs: [queries, each, each]}"
REPEATED = {
    "repeat_interleave": "  - repeat_interleave: {repeats: %(times)s, dim: 1, name: each}\n",
    "expand": """
  - unsqueeze: {dim: 2}
  - expand: {shape: [%(shared)s, %(times)s, 5, 2]}
  - flatten: {start_dim: 1, end_dim: 2, name: each}
""",
    "tile": """
  - unsqueeze: {dim: 2}
  - tile: {dims: [%(times)s, 1, 1]}
  - flatten: {start_dim: 1, end_dim: 2, name: each}
""",
}


def attention(shared: int, middle: str) -> spec.Architecture:
    sizes = {"shared": shared, "width": 2 * shared, "times": 4 // shared}
    return spec.loads((BEGIN + middle + END) % sizes)


@pytest.mark.parametrize("way", REPEATED)
@pytest.mark.parametrize(("shared", "order"), [(1, 24 * 2), (2, 2 * 2**2 * 2**2)])
def test_repeated_keys_are_those_of_grouped_queries(shared: int, order: int, way: str) -> None:
    """The heads of each key, the keys, and the dimensions that queries, keys and values share."""
    grouped, repeated = attention(shared, GROUPED), attention(shared, REPEATED[way] + ATTEND)
    first, second = (graphgen.template(net) for net in (grouped, repeated))
    assert first.num_nodes == second.num_nodes
    assert graphgen.symmetries(grouped).order == graphgen.symmetries(repeated).order == order
    check_known(repeated, order)


def test_keys_of_their_own_are_none_of_the_kind() -> None:
    own = attention(4, "  - identity: {name: each}\n" + ATTEND)
    assert graphgen.symmetries(own).order == 24 * 2**4
    few = attention(2, REPEATED["repeat_interleave"] + ATTEND)
    assert graphgen.template(few).hash != graphgen.template(own).hash


@pytest.mark.parametrize(
    ("combined", "order"),
    [
        ("concat: {inputs: [heads, each], dim: -1}", 40320 * 6 * 24**3),
        ("einsum: {inputs: [heads, each], equation: 'bthd,bthe->bthde'}", 40320 * 6),
    ],
)
def test_values_beside_neurons_of_another_size(combined: str, order: int) -> None:
    """What copies meet is free, as they are alike; side by side, they are free themselves."""
    net = spec.loads(f"""
inputs: {{x: [5, 8]}}
layers:
  - linear: {{name: q, out_features: 8, bias: false}}
  - reshape: {{shape: [5, 4, 2], name: heads}}
  - linear: {{name: s, inputs: x, out_features: 3, bias: false}}
  - unsqueeze: {{dim: 2}}
  - expand: {{shape: [5, 4, 3], name: each}}
  - {combined}
  - flatten: {{start_dim: 2}}
  - tanh
  - linear: {{out_features: 3}}
""")
    check_known(net, order)


def test_copies_that_something_tells_apart_are_positions() -> None:
    net = spec.loads("""
inputs: {x: [8]}
layers:
  - linear: {out_features: 3, bias: false}
  - unsqueeze: {dim: 2}
  - expand: {shape: [3, 4], name: each}
  - softmax: {dim: -1}
  - flatten
  - linear: {out_features: 2}
""")
    check_known(net, 6)


def test_one_reader_tells_copies_apart_and_another_does_not() -> None:
    for readers in ("[apart, mixed]", "[mixed, apart]"):
        net = spec.loads(f"""
inputs: {{x: [5, 8]}}
layers:
  - linear: {{name: q, out_features: 8, bias: false}}
  - reshape: {{shape: [5, 4, 2], name: heads}}
  - linear: {{name: s, inputs: x, out_features: 2, bias: false}}
  - unsqueeze: {{dim: 2}}
  - expand: {{shape: [5, 4, 2], name: each}}
  - multiply: {{inputs: [heads, each]}}
  - flatten: {{start_dim: 2}}
  - linear: {{out_features: 2, name: mixed}}
  - layer_norm: {{inputs: each}}
  - flatten: {{start_dim: 2}}
  - linear: {{out_features: 2, name: apart}}
outputs: {readers}
""")
        check_known(net, 24**2 * 2)


def check_known(net: spec.Architecture, order: int) -> None:
    case, group = Case(net), graphgen.symmetries(net)
    assert group.order == order
    check_order(group)
    check_automorphisms(case)
    check_exchanges(case, group)
    weights = group.sample(np.random.default_rng(0)).apply(case.weights)
    assert case.same(outputs(net, weights, case.inputs))
