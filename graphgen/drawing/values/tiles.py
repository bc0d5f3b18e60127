"""Pieces of a block's values, laid out as they are displayed: never a whole tensor at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.dtypes import in_numpy, wide
from graphgen.template import EdgeBlock

Array = NDArray[Any]
Ints = NDArray[np.int64]

AT_ONCE = 1 << 18
"""The most values of a piece: two megabytes in float64, which a core keeps close."""


class Tile(NamedTuple):
    """A part of a display array: its values, and which of the display's rows and columns it has."""

    values: Array
    rows: Ints
    columns: Ints


def tiles(block: EdgeBlock, array: Array, most: int = AT_ONCE) -> Iterator[Tile]:
    """Cut a block's display array into pieces of at most so many values, near in memory.

    Rows and columns are in growing order within a piece; together the pieces have each place once.
    """
    matrix = MatrixView(block)
    view = block.view(array)
    upright = (*matrix.row_axes, *matrix.tap_axes[:-1])
    lying = (*matrix.column_axes, *matrix.tap_axes[-1:])
    rows, columns = (numbered(block.shape, axes) for axes in (upright, lying))
    for cut in cuts(view, most):
        piece = view[cut].transpose((*upright, *lying))
        at = rows[tuple(cut[axis] for axis in upright)].reshape(-1)
        beside = columns[tuple(cut[axis] for axis in lying)].reshape(-1)
        yield Tile(numbers(piece.reshape(len(at), len(beside))), at, beside)


def scalars(block: EdgeBlock, array: Array, most: int = AT_ONCE) -> Iterator[Array]:
    """Give the scalars that a block's edges carry in flat pieces, a reused one once."""
    view = block.view(array)
    if block.tensor_strides is not None:
        once = (slice(0, 1) if stride == 0 else slice(None) for stride in block.tensor_strides)
        view = view[tuple(once)]
    if view.flags.c_contiguous:
        flat = view.reshape(-1)
        for begin in range(0, flat.size, most):
            yield numbers(flat[begin : begin + most])
        return
    for cut in cuts(view, most):
        yield numbers(view[cut].reshape(-1))


def displayed(block: EdgeBlock, array: Array) -> NDArray[np.float32]:
    """Give a block's whole display array, as float32."""
    return single(numbers(MatrixView(block).display(block.view(array))))


def single(values: Array) -> NDArray[np.float32]:
    """Give values in float32; what is larger than it holds becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


def numbers(values: Array) -> Array:
    """Give values as numbers that numpy computes with: of complex ones how large they are."""
    if values.dtype.kind == "c":
        return np.abs(values)
    if values.dtype.kind == "b":
        return values.view(np.uint8)
    return values if in_numpy(values.dtype) else values.astype(wide(values.dtype))


def numbered(shape: tuple[int, ...], axes: tuple[int, ...]) -> Ints:
    """Number the places along some axes, in C order."""
    sizes = [shape[axis] for axis in axes]
    return np.arange(prod(sizes), dtype=np.int64).reshape(sizes)


def cuts(view: Array, most: int) -> Iterator[tuple[slice, ...]]:
    """Cut an array into pieces of at most so many items, whole along the shortest strides."""
    size = [1] * view.ndim
    room = most
    for axis in sorted(range(view.ndim), key=lambda k: abs(view.strides[k])):
        size[axis] = max(1, min(view.shape[axis], room))
        room //= size[axis]
    starts = (range(0, n, step) for n, step in zip(view.shape, size, strict=True))
    for first in product(*starts):
        yield tuple(slice(k, k + step) for k, step in zip(first, size, strict=True))
