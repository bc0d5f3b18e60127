"""A value on the neurons of two layers, one along each axis, and all that may read it.

The orders are worked out by hand: 3! and 4! for the two layers, where what reads them tells none
apart, times those of what comes behind.
"""

from __future__ import annotations

from math import prod

import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_exchanges,
    check_order,
    check_round_trip,
    check_scalings,
    check_symmetric,
)

import graphgen
import spec

BEFORE = """
inputs: {x: [5, 2]}
layers:
  - linear: {out_features: 3, name: a}
  - transpose: {dim0: 1, dim1: 2, name: t}
  - linear: {out_features: 4, name: y}
"""
LORA = "linear: {out_features: 4, parametrizations: {weight: {lora: {rank: 2}}}}"
POOLED = ["relu", "mean: {dim: 1}", "linear: {out_features: 2}"]
FLAT = ["relu", "flatten", "linear: {out_features: 2}"]
ATTENTION = "multihead_attention: {num_heads: 2%s, name: z}"
STREAM = ["add: {inputs: [y, z]}", *POOLED]
HEADS = [2, 2, 2, 2, 2]  # dimensions of queries and values of two heads, and the heads

READERS: dict[str, tuple[list[str], list[int]]] = {
    # Neither layer's neurons are told apart.
    "flatten": (FLAT, [6, 24]),
    "mean": (POOLED, [6, 24]),
    "mean of both": (["mean: {dim: [1, 2], keepdim: true}", "linear: {out_features: 2}"], [6, 24]),
    "maximum": (["amax: {dim: 1}", "linear: {out_features: 2}"], [6, 24]),
    "maximum of the other": (["amax: {dim: 2}", "linear: {out_features: 2}"], [6, 24]),
    "softmax": (["softmax", *POOLED], [6, 24]),
    "layer norm": (["layer_norm", *POOLED], [6, 24]),
    "layer norm of both": (["layer_norm: {normalized_shape: [3, 4]}", *POOLED], [6, 24]),
    "group norm": (["group_norm: {num_groups: 1}", *POOLED], [6, 24]),
    "group norm of each": (["group_norm: {num_groups: 3}", *POOLED], [6, 24]),
    "instance norm": (["instance_norm: {affine: true}", *POOLED], [6, 24]),
    "batch norm": (["batch_norm", *POOLED], [6, 24]),
    "scales": (["layer_scale: {dim: 1}", "layer_scale: {dim: 2}", *FLAT], [6, 24]),
    "slopes": (["prelu: {num_parameters: 3}", *FLAT], [6, 24]),
    "position embedding": (["position_embedding", *FLAT], [6, 24]),
    "class token": (["class_token", *POOLED], [6, 24]),
    # Maps behind have neurons of their own.
    "linear": (["transpose: {dim0: 1, dim1: 2}", "linear: {out_features: 5}", *FLAT], [6, 24, 120]),
    "set linear": (["set_linear: {out_features: 5}", *POOLED], [6, 24, 120]),
    "swiglu": (["swiglu: {hidden_features: 5}", *POOLED], [6, 24, 120, 24]),
    "lora": ([LORA, *POOLED], [6, 24, 24, 2]),
    "bilinear": (
        ["linear: {inputs: t, out_features: 4, name: z}",
         "bilinear: {inputs: [y, z], out_features: 5}", *FLAT],
        [6, 24, 24, 120],
    ),
    "product": (
        ["linear: {inputs: t, out_features: 4}", "tanh: {name: z}", "multiply: {inputs: [y, z]}",
         *FLAT],
        [6, 24],
    ),
    "attention": ([ATTENTION % "", *POOLED], [6, 24, *HEADS, 24]),
    "attention, flattened": ([ATTENTION % "", *FLAT], [6, 24, *HEADS, 24]),
    "attention, residual": ([ATTENTION % "", *STREAM], [6, 24, *HEADS]),
    "context": (
        ["multihead_attention: {inputs: [x, y], num_heads: 2, head_dim: 2, packed: false}",
         *POOLED],
        [6, 24, *HEADS, 2],
    ),
    "queries": (
        ["multihead_attention: {inputs: [y, x], num_heads: 2, head_dim: 2, packed: false}",
         *POOLED],
        [6, 24, *HEADS, 24],
    ),
    # Two such values, or parts of one.
    "alike, side by side": (
        ["linear: {inputs: t, out_features: 4, name: z}",
         "concat: {inputs: [y, z], dim: 2}", *FLAT],
        [6, 24, 24, 2],
    ),
    "alike, one after the other": (
        ["linear: {inputs: x, out_features: 3}", "transpose: {dim0: 1, dim1: 2}",
         "linear: {out_features: 4, name: z}", "concat: {inputs: [y, z]}", *FLAT],
        [6, 24, 6, 24, 2],
    ),
    "halves": (
        ["split: {sections: 2, dim: 2, name: s}",
         "split: {inputs: y, sections: 2, dim: 2, index: 1, name: u}", "multiply: {inputs: [s, u]}",
         *FLAT],
        [6, 2, 2**2],
    ),
    "pairs": (["reshape: {shape: [3, 2, 2]}", "softmax", *FLAT], [6, 2, 2**2]),
    # One layer's neurons lie along a sequence, or in space: they stay.
    "recurrence": (["gru: {hidden_size: 5}", *POOLED], [24, 120]),
    "recurrence along the other": (
        ["transpose: {dim0: 1, dim1: 2}", "gru: {hidden_size: 5}", *POOLED], [6, 120],
    ),
    "causal attention": ([ATTENTION % ", causal: true", *STREAM], [24, *HEADS]),
    "rotary attention": ([ATTENTION % ", rotary: 100", *STREAM], [24, 2, 2, 2]),
    "convolution": (["conv1d: {out_channels: 5, kernel_size: 3}", *FLAT], [6, 120]),
    "convolution along the other": (
        ["transpose: {dim0: 1, dim1: 2}", "conv1d: {out_channels: 5, kernel_size: 3}", *FLAT],
        [24, 120],
    ),
    "convolution of pairs": (
        ["reshape: {shape: [6, 2]}", "conv1d: {out_channels: 5, kernel_size: 2}", *FLAT],
        [6, 2, 120],
    ),
    "pooling": (["max_pool1d: {kernel_size: 2}", *FLAT], [6]),
    "interpolation": (["upsample: {scale_factor: 2}", *FLAT], [6]),
    "waves": (["sinusoidal_positions", *POOLED], []),
    "output": ([], []),
}  # fmt: skip


def network(reader: str) -> spec.Architecture:
    return spec.loads(BEFORE + "".join(f"  - {entry}\n" for entry in READERS[reader][0]))


@pytest.mark.parametrize("reader", READERS)
def test_the_order_is_that_by_hand(reader: str) -> None:
    group = graphgen.symmetries(network(reader))
    check_order(group)
    assert group.order == prod(READERS[reader][1])


@pytest.mark.parametrize("reader", READERS)
def test_what_holds_for_any_network(reader: str) -> None:
    net = network(reader)
    case, group = Case(net), graphgen.symmetries(net)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_exchanges(case, group)
    check_scalings(case)
    check_round_trip(case)
    check_backends(case)


def test_an_input_of_the_same_shape_tells_all_apart() -> None:
    text = BEFORE.replace("x: [5, 2]", "x: [5, 2], u: [3, 4]").replace(
        "{out_features: 3", "{inputs: x, out_features: 3"
    )
    for entry in ("add: {inputs: [y, u]}", *FLAT):
        text += f"  - {entry}\n"
    assert graphgen.symmetries(spec.loads(text)).order == 1
