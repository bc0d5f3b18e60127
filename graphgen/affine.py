"""Affine maps over a grid, as arrays: broadcast, or written out at the speed of a copy."""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Axes: TypeAlias = list[tuple[int, int]]

# Below so many items, numpy takes longer to begin a run than to write it.
_RUN = 64
# As many items stay in a core's cache.
_CACHED = 1 << 16


def affine(shape: tuple[int, ...], start: int, strides: tuple[int, ...]) -> NDArray[np.int64]:
    """Evaluate `start + sum(strides[i] * c[i])` over a grid, as one broadcast sum."""
    values = _sum(list(zip(shape, strides, strict=True)), start)
    return np.broadcast_to(values, shape)


def write_affine(
    out: NDArray[np.int64], shape: tuple[int, ...], start: int, strides: tuple[int, ...]
) -> None:
    """Write the values of `affine` in C order to `out`, contiguous, shape (prod(shape),).

    Runs that repeat are summed up once, in the cache, and copied from there; a map that repeats
    too little is summed up in place.
    """
    axes = _merge(shape, strides)
    if len(axes) == 1 and out.size > _CACHED:
        _write_run(out, start, axes[0][1])
        return
    split = _row_start(axes)
    outer, inner = axes[:split], axes[split:]
    row = _sum(inner, start)
    if len(inner) > 1:
        row = np.broadcast_to(row, [size for size, _ in inner]).reshape(-1)
    if not outer:
        out[...] = row
        return
    grid = out.reshape([*(size for size, _ in outer), -1])
    rows = _sum(outer, 0)[..., np.newaxis]
    if rows.size * row.size <= max(_CACHED, out.size // 4):
        grid[...] = rows + row
    else:
        np.add(rows, row, out=grid)


def _merge(shape: tuple[int, ...], strides: tuple[int, ...]) -> Axes:
    """Leave out axes of size 1 and make one of two that go on with one stride."""
    axes: Axes = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if axes and axes[-1][1] == stride * size:
            axes[-1] = (axes[-1][0] * size, stride)
        else:
            axes.append((size, stride))
    return axes


def _row_start(axes: Axes) -> int:
    """Give the number of the first of the last axes that together make a row of some length."""
    split = len(axes)
    while split and prod(size for size, _ in axes[split:]) < _RUN:
        split -= 1
    if prod(size for size, _ in axes[split:]) > _CACHED:
        return len(axes) - 1
    return split


def _sum(axes: Axes, start: int) -> NDArray[np.int64]:
    """Sum up the axes; one of stride 0 has size 1 in the result."""
    values = np.asarray(start, dtype=np.int64)
    for size, stride in axes:
        values = values[..., np.newaxis]
        if stride:
            values = values + np.arange(0, size * stride, stride, dtype=np.int64)
    return values


def _write_run(out: NDArray[np.int64], start: int, stride: int) -> None:
    """Write an arithmetic progression piece by piece, each summed up from the first."""
    steps = np.arange(_CACHED, dtype=np.int64) * stride
    for begin in range(0, out.size, _CACHED):
        part = out[begin : begin + _CACHED]
        np.add(steps[: part.size], start + begin * stride, out=part)
