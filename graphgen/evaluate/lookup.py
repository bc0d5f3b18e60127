"""Rows of a table, in numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.preparation import prepared
from spec.primitives import Lookup

Array = NDArray[Any]

PRIMES = (1, 2654435761, 805459861, 3674653429, 2097192037, 1434869437, 2165219737)


def run(primitive: Lookup, x: Array, table: Array) -> Array:  # table: of `one_hot` the dtype
    """Look up indices x (N, ...), or mix the entries around places x (N, ..., k)."""
    if primitive.is_table:
        ready = prepared(primitive.prepared, table) if primitive.prepared else table
        chosen: Array = (ready if primitive.kind == "table" else ready.T)[x]
        return chosen
    if primitive.kind == "one_hot":
        hot: Array = np.eye(primitive.resolution, dtype=table.dtype)[x]
        return hot
    grid = primitive.kind == "grid"
    dims = x.shape[-1]
    intervals = [size - 1 for size in table.shape[:0:-1]] if grid else [primitive.resolution] * dims
    rows = table.reshape(table.shape[0], -1).T if grid else table
    dense = prod(size + 1 for size in intervals) <= len(rows)
    result = np.zeros((*x.shape[:-1], rows.shape[1]), dtype=np.result_type(x, table))
    for corner, share in corners(x, intervals):
        index = own_entry(corner, intervals) if dense else shared_entry(corner, len(rows))
        result += share[..., None] * rows[index]
    return result


def corners(x: Array, intervals: Sequence[int]) -> Iterator[tuple[list[Array], Array]]:
    """Give the corners of the cell around each place: their coordinates, and their shares."""
    places = (np.clip(x, -1, 1) + 1) / 2 * np.asarray(intervals, dtype=x.dtype)
    low = np.nan_to_num(places).astype(np.int64)
    low = np.minimum(low, np.maximum(np.asarray(intervals) - 1, 0))
    rest = places - low.astype(x.dtype)
    for sides in product((0, 1), repeat=len(intervals)):
        coordinates, share = [], np.ones(x.shape[:-1], dtype=x.dtype)
        for axis, (side, most) in enumerate(zip(sides, intervals, strict=True)):
            coordinates.append(np.minimum(low[..., axis] + side, most))
            share = share * (rest[..., axis] if side else 1 - rest[..., axis])
        yield coordinates, share


def own_entry(corner: Sequence[Array], intervals: Sequence[int]) -> Array:
    """Count the corners of a grid, the first coordinate fastest."""
    index = np.zeros_like(corner[0])
    for coordinate, size in zip(reversed(corner), reversed(intervals), strict=True):
        index = index * (size + 1) + coordinate
    return index


def shared_entry(corner: Sequence[Array], entries: int) -> Array:
    """Hash the coordinates of a corner."""
    index = np.zeros(corner[0].shape, dtype=np.uint32)
    for coordinate, factor in zip(corner, PRIMES[: len(corner)], strict=True):
        index ^= coordinate.astype(np.uint32) * np.uint32(factor)
    result: Array = (index % np.uint32(entries)).astype(np.int64)
    return result
