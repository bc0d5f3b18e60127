from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import graphgen
import spec
from graphgen.affine import affine, write_affine

Map = tuple[tuple[int, ...], int, tuple[int, ...]]

# Each way of writing: a long run, rows that repeat, rows of several axes, sums in place.
MAPS: list[Map] = [
    ((200_001,), 7, (-3,)),
    ((3, 70_000), 1, (70_000, 1)),
    ((300, 300), 0, (0, 1)),
    ((300, 300), 0, (1, 0)),
    ((40, 50, 3, 3), 5, (0, 1, 0, 0)),
    ((40, 50, 3, 3), 5, (1, 0, 0, 0)),
    ((200, 300, 2, 2), 0, (4, 0, 2, 1)),
    ((70_000, 3), 0, (1, 0)),
    ((90, 80, 70), 0, (1, 100, 10_000)),
    ((5, 0, 2), 0, (1, 1, 1)),
    ((), 9, ()),
]


@st.composite
def maps(draw: st.DrawFn) -> Map:
    shape = draw(st.lists(st.integers(0, 6), max_size=5))
    strides = [draw(st.integers(-9, 9)) for _ in shape]
    return tuple(shape), draw(st.integers(-9, 9)), tuple(strides)


def written(shape: tuple[int, ...], start: int, strides: tuple[int, ...]) -> np.ndarray:
    out = np.full(prod(shape), -(10**9), dtype=np.int64)
    write_affine(out, shape, start, strides)
    return out.reshape(shape)


@given(maps())
@example(((2, 3), 0, (3, 1)))
def test_a_written_map_has_the_value_of_each_coordinate(case: Map) -> None:
    shape, start, strides = case
    slow = np.empty(shape, dtype=np.int64)
    for c in product(*(range(size) for size in shape)):
        slow[c] = start + sum(stride * i for stride, i in zip(strides, c, strict=True))
    assert np.array_equal(affine(*case), slow)
    assert np.array_equal(written(*case), slow)


@pytest.mark.parametrize("case", MAPS, ids=str)
def test_a_large_map_is_written_as_the_broadcast_sum(case: Map) -> None:
    assert np.array_equal(written(*case), affine(*case))


def test_edge_indices_are_written_where_the_caller_says() -> None:
    net = spec.loads("inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}]")
    template = graphgen.template(net)
    out = np.empty((2, template.num_edges), dtype=np.int64)
    assert template.edge_index(out) is out
    assert np.array_equal(out, template.edge_index())
    wrong = {
        "int32 of shape": out.astype(np.int32),
        r"int64 of shape \[2, 14\]": out[:, 1:].copy(),
        "not in C order": np.asfortranarray(out),
    }
    for message, array in wrong.items():
        with pytest.raises(graphgen.GraphError, match=message):
            template.edge_index(array)
