"""Axes are products of digits: where an item of a value lies, however it was reshaped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.lower.parameter import lower
from graphgen.lower.parameter.layout import Layout
from graphgen.testing import assert_separates

STARTS = {
    "positions": "conv1d: {out_channels: 1, kernel_size: 1, name: start}",
    "neurons and positions": "conv1d: {out_channels: 6, kernel_size: 1, name: start}",
}


def identity(layout: Layout) -> NDArray[np.int64]:
    """Number the node and the position of each item of a value, in the shape of the value."""
    places = np.zeros((1,), dtype=np.int64)
    for digit in layout.digits:
        weight = 1 if digit.group is None else 10**6
        along = np.arange(digit.size) * digit.stride * weight
        places = (places[:, None] + along).reshape(-1)
    return places.reshape(layout.shape)


@st.composite
def moves(draw: st.DrawFn) -> list[str]:
    """Draw reshapes and transpositions of a value of shape [c, 12], as layers."""
    shape = [draw(st.sampled_from([1, 6])), 12]
    texts = [STARTS["positions" if shape[0] == 1 else "neurons and positions"]]
    for number in range(draw(st.integers(1, 5))):
        rest, new = math.prod(shape), []
        while rest > 1 and len(new) < 3:
            new.append(draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0])))
            rest //= new[-1]
        shape = [*new, rest]
        texts.append(f"reshape: {{shape: {shape}, name: r{number}}}")
        if len(shape) > 1 and draw(st.booleans()):
            a, b = draw(st.permutations(range(len(shape))))[:2]
            texts.append(f"transpose: {{dim0: {a + 1}, dim1: {b + 1}, name: t{number}}}")
            shape[a], shape[b] = shape[b], shape[a]
    return texts


def moved(texts: list[str], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Do with an array what the layers do."""
    for text in texts[1:]:
        body = text.split("{", 1)[1]
        if text.startswith("reshape"):
            shape = body[body.index("[") + 1 : body.index("]")]
            start = start.reshape([int(size) for size in shape.split(",")])
        else:
            first, second = (int(part.split(",")[0]) for part in body.split(": ")[1:3])
            start = start.swapaxes(first - 1, second - 1)
    return start


@settings(max_examples=150)
@given(moves())
def test_each_item_lies_where_numpy_says(texts: list[str]) -> None:
    layers = "".join(f"  - {text}\n" for text in texts)
    net = spec.loads(f"inputs: {{x: [2, 12]}}\nlayers:\n{layers}")
    state = lower(net)
    first, last = state.layout("start"), state.layout(state.outputs[0])
    if last.group == first.group and last.space == first.space:
        assert np.array_equal(identity(last), moved(texts, identity(first)))
    else:  # a cut through digits: items became neurons, or positions numbered anew
        assert len({len(set(identity(last).reshape(-1).tolist())), math.prod(last.shape)}) == 1


def test_the_comparison_notices_a_forgotten_transposition() -> None:
    texts = [
        STARTS["positions"],
        "reshape: {shape: [3, 4]}",
        "transpose: {dim0: 1, dim1: 2, name: t}",
    ]
    layers = "".join(f"  - {text}\n" for text in texts)
    net = spec.loads(f"inputs: {{x: [2, 12]}}\nlayers:\n{layers}")
    layouts = lower(net).layouts
    found = identity(layouts[net.operations[-1].output])
    assert np.array_equal(found, moved(texts, identity(layouts["start"])))
    assert not np.array_equal(found, moved(texts[:2], identity(layouts["start"])).reshape(4, 3))


TRANSPOSED = "transpose: {dim0: 2, dim1: 3, name: t}"
CONV = "conv2d: {out_channels: 3, kernel_size: 3, padding: 1, name: %s}"
DIFFERING = {
    "between convolutions": ([], [TRANSPOSED], [CONV % "b"]),
    "softmax over another axis": (
        ["softmax: {name: s}"],
        [TRANSPOSED, "softmax: {name: s}", "transpose: {dim0: 2, dim1: 3, name: u}"],
        [CONV % "b"],
    ),
    "norm over another axis": (
        ["layer_norm: {elementwise_affine: false, name: s}"],
        [
            TRANSPOSED,
            "layer_norm: {elementwise_affine: false, name: s}",
            "transpose: {dim0: 2, dim1: 3, name: u}",
        ],
        [CONV % "b"],
    ),
    "a sum with itself": (
        ["add: {inputs: [f, f], name: s}"],
        ["transpose: {inputs: f, dim0: 2, dim1: 3, name: t}", "add: {inputs: [f, t], name: s}"],
        [CONV % "b"],
    ),
    "before flattening": ([], [TRANSPOSED], ["flatten", "linear: {out_features: 2, name: b}"]),
    "the output": ([], [TRANSPOSED], []),
    "reshaped to the same size": (
        ["reshape: {shape: [3, 4, 4], name: r}"],
        ["reshape: {shape: [3, 2, 8], name: r}"],
        [CONV % "b", "mean: {dim: [2, 3]}", "linear: {out_features: 2, name: l}"],
    ),
}


def net_of(*texts: str) -> spec.Architecture:
    layers = "".join(f"  - {text}\n" for text in texts)
    return spec.loads(f"inputs: {{x: [2, 4, 4]}}\nlayers:\n{layers}")


@pytest.mark.parametrize("name", DIFFERING)
def test_another_order_of_positions_is_another_graph(name: str) -> None:
    before, after, then = DIFFERING[name]
    nets = [net_of(CONV % "a", "relu: {name: f}", *middle, *then) for middle in (before, after)]
    assert_separates(*nets)
    assert graphgen.template(nets[0]).hash != graphgen.template(nets[1]).hash


NEUTRAL = {
    "a reshape that is undone": [
        "reshape: {shape: [3, 2, 8], name: p}",
        "reshape: {shape: [6, 8], name: q}",
        "reshape: {shape: [3, 4, 4], name: r}",
    ],
    "a transposition that is undone": [
        TRANSPOSED,
        "transpose: {dim0: 1, dim1: 3, name: u}",
        "transpose: {dim0: 1, dim1: 3, name: v}",
        "transpose: {dim0: 2, dim1: 3, name: w}",
    ],
    "an axis of one": [
        "reshape: {shape: [3, 1, 4, 4], name: p}",
        "transpose: {dim0: 1, dim1: 2, name: q}",
        "reshape: {shape: [3, 4, 4], name: r}",
    ],
}


@pytest.mark.parametrize("name", NEUTRAL)
@pytest.mark.parametrize("then", [then for _, _, then in DIFFERING.values()])
def test_what_changes_nothing_leaves_the_hash(name: str, then: list[str]) -> None:
    plain = graphgen.template(net_of(CONV % "a", "tanh", *then))
    assert graphgen.template(net_of(CONV % "a", "tanh", *NEUTRAL[name], *then)).hash == plain.hash
    assert graphgen.template(net_of(CONV % "a", "relu", *then)).hash != plain.hash


def test_an_input_with_an_axis_of_one_keeps_its_neurons() -> None:
    plain, wide = (
        spec.loads(f"inputs: {{x: [5, 3]}}\nlayers:\n{put}  - linear: {{out_features: 2, name: l}}")
        for put in (
            "",
            "  - reshape: {shape: [5, 1, 3], name: a}\n  - reshape: {shape: [5, 3], name: b}\n",
        )
    )
    assert graphgen.template(plain).hash == graphgen.template(wide).hash
