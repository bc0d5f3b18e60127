"""Two spellings of one function have as many symmetries."""

from __future__ import annotations

from math import factorial, prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error, tolerance
from graphgen.testing.symmetric import outputs

Spelling = list[str]
HEAD = ["relu", "mean: {dim: 1}", "linear: {out_features: 2}"]
ACROSS = ["relu", "mean: {dim: 2}", "linear: {out_features: 2}"]
FLAT = ["relu", "flatten", "linear: {out_features: 2}"]
TURN = "transpose: {dim0: 1, dim1: 2}"
CHANNELS = "conv1d: {out_channels: 4, kernel_size: 1}"

# The input, and the layers in two spellings.
PAIRS: dict[str, tuple[str, Spelling, Spelling]] = {
    "convolutions of one place": (
        "x: [5, 3]",
        ["linear: {out_features: 4}", "relu", "linear: {out_features: 3}", *HEAD],
        [TURN, CHANNELS, "relu", "conv1d: {out_channels: 3, kernel_size: 1}", *ACROSS],
    ),
    "a convolution of all places": (
        "x: [2, 4]",
        [CHANNELS, "relu", "flatten", "linear: {out_features: 3}", "relu",
         "linear: {out_features: 2}"],
        [CHANNELS, "relu", "conv1d: {out_channels: 3, kernel_size: 4}", "relu", "flatten",
         "linear: {out_features: 2}"],
    ),
    "patches": (
        "x: [1, 4, 4]",
        ["patches: {embed_dim: 4, patch_size: 2}", *HEAD],
        ["reshape: {shape: [2, 2, 2, 2]}", "transpose: {dim0: 2, dim1: 3}",
         "reshape: {shape: [4, 4]}", "linear: {out_features: 4}", *HEAD],
    ),
    "a pool of all places": (
        "x: [2, 5]",
        ["conv1d: {out_channels: 4, kernel_size: 2}", *ACROSS],
        ["conv1d: {out_channels: 4, kernel_size: 2}", "relu",
         "adaptive_avg_pool1d: {output_size: 1}", "flatten", "linear: {out_features: 2}"],
    ),
    "a pool of pairs": (
        "x: [2, 6]",
        [CHANNELS, "max_pool1d: {kernel_size: 2}", *FLAT],
        [CHANNELS, "reshape: {shape: [4, 3, 2]}", "amax: {dim: 3}", *FLAT],
    ),
    "a mean of means": (
        "x: [2, 3, 3]",
        ["conv2d: {out_channels: 4, kernel_size: 1}", "mean: {dim: [2, 3]}",
         "linear: {out_features: 2}"],
        ["conv2d: {out_channels: 4, kernel_size: 1}", "mean: {dim: 3}", "mean: {dim: 2}",
         "linear: {out_features: 2}"],
    ),
    "groups and parts": (
        "x: [2, 5]",
        [CHANNELS, "conv1d: {out_channels: 4, kernel_size: 2, groups: 2, bias: false}", *FLAT],
        [CHANNELS.replace("{", "{name: h, "), "split: {sections: 2}",
         "conv1d: {out_channels: 2, kernel_size: 2, bias: false, name: a}",
         "split: {inputs: h, sections: 2, index: 1}",
         "conv1d: {out_channels: 2, kernel_size: 2, bias: false, name: b}",
         "concat: {inputs: [a, b]}", *FLAT],
    ),
    "a map of each channel": (
        "x: [2, 5]",
        [CHANNELS, "relu", "layer_scale: {dim: 1}", *ACROSS],
        [CHANNELS, "relu", "conv1d: {out_channels: 4, kernel_size: 1, groups: 4, bias: false}",
         *ACROSS],
    ),
    "a norm of all": (
        "x: [2, 5]",
        [CHANNELS, "group_norm: {num_groups: 1, affine: false}", *ACROSS],
        [CHANNELS, "layer_norm: {normalized_shape: [4, 5], elementwise_affine: false}", *ACROSS],
    ),
    "a norm of each": (
        "x: [2, 5]",
        [CHANNELS, "group_norm: {num_groups: 4, affine: false}", *ACROSS],
        [CHANNELS, "instance_norm", *ACROSS],
    ),
    "a norm by groups": (
        "x: [2, 5]",
        [CHANNELS, "group_norm: {num_groups: 2, affine: false}", *ACROSS],
        [CHANNELS, "reshape: {shape: [2, 10]}", "layer_norm: {elementwise_affine: false}",
         "reshape: {shape: [4, 5]}", *ACROSS],
    ),
    "a batch norm of features": (
        "x: [5, 3]",
        ["linear: {out_features: 4}", TURN, "batch_norm", *ACROSS],
        [TURN, CHANNELS, "batch_norm", *ACROSS],
    ),
    "one map and two": (
        "x: [3]",
        ["linear: {out_features: 8, bias: false}", "relu", "linear: {out_features: 2}"],
        ["linear: {out_features: 5, bias: false, name: a}",
         "linear: {inputs: x, out_features: 3, bias: false, name: b}", "concat: {inputs: [a, b]}",
         "relu", "linear: {out_features: 2}"],
    ),
    "a map of a set": (
        "x: [5, 3]",
        ["set_linear: {out_features: 4}", *HEAD],
        [
            "linear: {out_features: 4, bias: false, name: a}",
            "mean: {inputs: x, dim: 1, keepdim: true}",
            "linear: {out_features: 4, name: b}",
            "add: {inputs: [a, b]}",
            *HEAD,
        ],
    ),
    "a gated map": (
        "x: [5, 3]",
        ["swiglu: {hidden_features: 4, bias: false}", *HEAD],
        ["linear: {out_features: 4, bias: false}", "silu: {name: g}",
         "linear: {inputs: x, out_features: 4, bias: false, name: u}", "multiply: {inputs: [g, u]}",
         "linear: {out_features: 3, bias: false}", *HEAD],
    ),
    "a map with an adapter": (
        "x: [5, 3]",
        ["linear: {out_features: 4, parametrizations: {weight: {lora: {rank: 2, alpha: 2}}}}",
         *HEAD],
        ["linear: {out_features: 4, bias: false, name: w}",
         "linear: {inputs: x, out_features: 2, bias: false}", "linear: {out_features: 4, name: l}",
         "add: {inputs: [w, l]}", *HEAD],
    ),
    "a map of products": (
        "x: [3], u: [4]",
        ["linear: {inputs: x, out_features: 3, name: a}",
         "linear: {inputs: u, out_features: 2, name: b}",
         "bilinear: {inputs: [a, b], out_features: 4, bias: false}", "relu",
         "linear: {out_features: 2}"],
        ["linear: {inputs: x, out_features: 3}", "reshape: {shape: [3, 1], name: a}",
         "linear: {inputs: u, out_features: 2}", "reshape: {shape: [1, 2], name: b}",
         "multiply: {inputs: [a, b]}", "flatten", "linear: {out_features: 4, bias: false}", "relu",
         "linear: {out_features: 2}"],
    ),
    "attention": (
        "x: [5, 4]",
        ["multihead_attention: {num_heads: 2, packed: false, scale: 1.0}", *HEAD],
        ["linear: {out_features: 4, name: q0}", "linear: {inputs: x, out_features: 4, name: k0}",
         "linear: {inputs: x, out_features: 4, name: v0}",
         "reshape: {inputs: q0, shape: [5, 1, 2, 2], name: q}",
         "reshape: {inputs: k0, shape: [1, 5, 2, 2], name: k}",
         "reshape: {inputs: v0, shape: [1, 5, 2, 2], name: v}", "multiply: {inputs: [q, k]}",
         "sum: {dim: 4}", "transpose: {dim0: 2, dim1: 3}", "softmax",
         "transpose: {dim0: 2, dim1: 3}", "reshape: {shape: [5, 5, 2, 1], name: s}",
         "multiply: {inputs: [s, v]}", "sum: {dim: 2}", "reshape: {shape: [5, 4]}",
         "linear: {out_features: 4}", *HEAD],
    ),
    "two recurrent layers": (
        "x: [5, 3]",
        ["lstm: {hidden_size: 4, num_layers: 2}", *HEAD],
        ["lstm: {hidden_size: 4}", "lstm: {hidden_size: 4}", *HEAD],
    ),
}  # fmt: skip


def network(inputs: str, layers: Spelling) -> spec.Architecture:
    return spec.loads(
        f"inputs: {{{inputs}}}\nlayers:\n" + "".join(f"  - {entry}\n" for entry in layers)
    )


@pytest.mark.parametrize("name", PAIRS)
def test_two_spellings_have_one_order(name: str) -> None:
    inputs, *spellings = PAIRS[name]
    a, b = (network(inputs, layers) for layers in spellings)
    order = graphgen.symmetries(a).order
    assert graphgen.symmetries(b).order == order > 1


@pytest.mark.parametrize("name", PAIRS)
def test_two_spellings_compute_one_function(name: str) -> None:
    inputs, *spellings = PAIRS[name]
    a, b = (network(inputs, layers) for layers in spellings)
    rng = np.random.default_rng(0)
    weights, x = random_weights(a, rng), random_inputs(a, rng)
    found = outputs(b, cut(b, list(weights.values())), x)
    assert relative_error(found, outputs(a, weights, x)) < tolerance("float64")


def cut(net: spec.Architecture, arrays: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Give a network the scalars of another one's tensors, in order."""
    flat = np.concatenate([array.reshape(-1) for array in arrays])
    sizes = [prod(tensor.shape) for tensor in net.tensors.values()]
    assert sum(sizes) == flat.size
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return {
        name: part.reshape(tensor.shape).astype("int64" if "int" in tensor.dtype else "float64")
        for part, (name, tensor) in zip(parts, net.tensors.items(), strict=True)
    }


def test_another_function_has_another_order() -> None:
    inputs, first, second = PAIRS["one map and two"]
    net = network(inputs, [entry.replace("5, bias: false", "5") for entry in second])
    assert graphgen.symmetries(network(inputs, first)).order == factorial(8)
    assert graphgen.symmetries(net).order == factorial(5) * factorial(3)
