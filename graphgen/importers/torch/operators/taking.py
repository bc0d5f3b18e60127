"""Items of axes: slices, parts, indices, and what is written over them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from graphgen.importers.operators import contraction, elementwise, reductions, taking
from graphgen.importers.operators import embedding as tables
from graphgen.importers.operators.shapes import permute, reshape, unsqueeze
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


@aten("slice", "slice_copy")
def slice_(
    t: Tracer, x: Traced, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Traced:
    return taking.slice_(t, x, dim, start, end, step)


@aten("narrow", "narrow_copy")
def narrow(t: Tracer, x: Traced, dim: int, start: int, length: int) -> Traced:
    return taking.narrow(t, x, dim, start % x.shape[dim], length)


@aten("select", "select_copy")
def select(t: Tracer, x: Traced, dim: int, index: int) -> Traced:
    return taking.select(t, x, dim, index)


@aten("chunk", "unsafe_chunk")
def chunk(t: Tracer, x: Traced, chunks: int, dim: int = 0) -> list[Traced]:
    return taking.chunk(t, x, chunks, dim)


@aten("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "split_copy",
      "split_with_sizes_copy")  # fmt: skip
def split(t: Tracer, x: Traced, sizes: Any, dim: int = 0) -> list[Traced]:
    whole = x.shape[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, whole - at) for at in range(0, whole, sizes)]
    return taking.split(t, x, sizes, dim)


@aten("tensor_split")
def tensor_split(t: Tracer, x: Traced, parts: Any, dim: int = 0) -> list[Traced]:
    whole = x.shape[dim]
    if isinstance(parts, int):
        sizes = [whole // parts + (place < whole % parts) for place in range(parts)]
        return taking.split(t, x, sizes, dim)
    ends = [0, *(range(whole)[:end].stop for end in parts), whole]
    return [taking.slice_(t, x, dim, a, b) for a, b in pairwise(ends)]


@aten("unbind", "unbind_copy")
def unbind(t: Tracer, x: Traced, dim: int = 0) -> list[Traced]:
    return [taking.select(t, x, dim, place) for place in range(x.shape[dim])]


@aten("index_select")
def index_select(t: Tracer, x: Traced, dim: int, index: Traced) -> Traced:
    return by_indices(t, x, dim, index)


@aten("take_along_dim", "gather")
def gather(t: Tracer, x: Traced, *rest: Any, sparse_grad: bool = False) -> Traced:
    index, dim = rest if isinstance(rest[1], int) else rest[::-1]
    return taking.gather(t, x, dim, index)


@aten("embedding")
def embedding(t: Tracer, table: Traced, indices: Traced, *rest: Any, **named: Any) -> Traced:
    if isinstance(table, Value):
        return by_indices(t, table, 0, indices)
    return tables.embedding(t, table, indices)


@aten("embedding_bag")
def embedding_bag(
    t: Tracer,
    table: Traced,
    indices: Traced,
    offsets: Traced,
    scale_by_frequency: bool = False,
    mode: int = 0,
    sparse: bool = False,
    weights: Traced | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> list[Any]:
    """Sum, mean or maximum of rows, where all bags are of one size."""
    if not isinstance(offsets, Constant) or padding_idx is not None or include_last_offset:
        t.refuse("its bags are not of one size that is known")
    starts = offsets.array
    size = indices.shape[0] // len(starts)
    if not np.array_equal(starts, np.arange(len(starts)) * size):
        t.refuse("its bags are of several sizes")
    bags = reshape(t, indices, (len(starts), size))
    rows = embedding(t, table, bags)
    if weights is not None:
        factors = unsqueeze(t, reshape(t, weights, (len(starts), size)), 2)
        rows = elementwise.multiply(t, rows, factors)
    statistic = ("sum", "mean", "amax")[mode]
    return [reductions.reduce(t, statistic, rows, [1]), None, None, None]


@aten("one_hot")
def one_hot(t: Reading, index: Traced, classes: int = -1) -> Traced:
    return taking.one_hot(t, t.value(index), t.shape[-1])


@aten("index")
def index(t: Tracer, x: Traced, indices: Sequence[Traced | None]) -> Traced:
    """Take items by an array of indices for each axis, or by one of booleans."""
    plain = without_booleans(t, x, indices)
    named = [axis for axis, each in enumerate(plain) if each is not None]
    if len(named) == 1:
        only = plain[named[0]]
        return by_indices(t, x, named[0], only) if only is not None else x
    arrays = {axis: each.array for axis, each in enumerate(plain) if isinstance(each, Constant)}
    if len(arrays) == len(named):
        return _by_constants(t, x, arrays)
    return _of_each_sample(t, x, plain, named)


def by_indices(t: Tracer, x: Traced, dim: int, index: Traced) -> Traced:
    """Take items along an axis, whose place the axes of the indices take."""
    if isinstance(index, Value):
        if isinstance(x, Parameter) and dim % len(x.shape) == 0 and len(x.shape) == 2:
            return tables.embedding(t, x, index)
        return taking.computed_index_select(t, x, dim, index)
    if isinstance(index, Parameter):
        t.refuse("it takes items by numbers that are learned")
    return taking.index_select(t, x, dim, index.array)


def without_booleans(t: Tracer, x: Traced, indices: Sequence[Traced | None]) -> list[Traced | None]:
    """Give the places that constant masks are true at as indices."""
    found: list[Traced | None] = []
    for each in indices:
        if isinstance(each, Constant) and each.array.dtype.kind == "b":
            found += [Constant(places) for places in np.nonzero(each.array)]
        else:
            found.append(each)
    return found


def _by_constants(t: Tracer, x: Traced, arrays: dict[int, Any]) -> Traced:
    """Take items by constant indices of several axes, which are broadcast with each other."""
    axes = list(arrays)
    together = np.broadcast_arrays(*arrays.values())
    sizes = [x.shape[axis] for axis in axes]
    grid = _grid_of(together, len(axes))
    if grid is not None:
        # Each array lies along an axis of its own: one axis after the other.
        found = x
        for axis, places in zip(axes, grid, strict=True):
            found = taking.index_select(t, found, axis, places)
        if axes == list(range(axes[0], axes[0] + len(axes))):
            return found
    rest = [d for d in range(len(x.shape)) if d not in axes]
    turned = permute(t, x, [*axes, *rest])
    flat = reshape(t, turned, (int(np.prod(sizes)), *(x.shape[d] for d in rest)))
    places = np.ravel_multi_index([a % n for a, n in zip(together, sizes, strict=True)], sizes)
    found = taking.index_select(t, flat, 0, np.asarray(places))
    front = together[0].ndim
    if axes == list(range(axes[0], axes[0] + len(axes))) and axes[0]:
        order = [*range(front, front + axes[0]), *range(front),
                 *range(front + axes[0], front + len(rest))]  # fmt: skip
        return permute(t, found, order)
    return found


def _grid_of(arrays: Sequence[Any], count: int) -> list[Any] | None:
    """Give the indices along each axis where arrays are those of a grid, one axis each."""
    if arrays[0].ndim != count:
        return None
    lines = []
    for axis, array in enumerate(arrays):
        line = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
        if not line.size or not (line == line[:, :1]).all():
            return None
        lines.append(line[:, 0])
    return lines


def _of_each_sample(
    t: Tracer, x: Traced, indices: Sequence[Traced | None], named: list[int]
) -> Traced:
    """Take of each sample the items that its own index names: `x[arange(N), index]`."""
    if len(named) == 2 and isinstance(x, Value) and x.batch is not None and x.batch.items == 1:
        own = next((axis for axis in named if axis == x.batch.axis), None)
        other = next((axis for axis in named if axis != x.batch.axis), None)
        if own is not None and other is not None:
            rows, chosen = indices[own], indices[other]
            counted = (
                isinstance(rows, Constant)
                and np.array_equal(rows.array.ravel(), np.arange(x.shape[own]))
            )  # fmt: skip
            placed = (own, other) == (0, 1)
            single = isinstance(chosen, Value) and len(chosen.shape) == 1
            if counted and placed and single and isinstance(chosen, Value):
                hot = taking.one_hot(t, chosen, x.shape[1])
                rest = "abcdefghij"[: len(x.shape) - 2]
                return contraction.contract(t, ["NT", "NT" + rest], "N" + rest, [hot, x])
    t.refuse("it takes items by indices of several axes that are computed")


@aten("diagonal", "diagonal_copy")
def diagonal(t: Tracer, x: Traced, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Traced:
    rank = len(x.shape)
    a, b = dim1 % rank, dim2 % rank
    rows = np.diagonal(np.arange(x.shape[a] * x.shape[b]).reshape(x.shape[a], x.shape[b]), offset)
    if not isinstance(x, Value):
        view = x.array.diagonal(offset, a, b)
        return Constant(view) if isinstance(x, Constant) else Parameter(x.name, view)
    rest = [d for d in range(rank) if d not in (a, b)]
    turned = permute(t, x, [*rest, a, b])
    flat = reshape(t, turned, (*(x.shape[d] for d in rest), x.shape[a] * x.shape[b]))
    return taking.index_select(t, flat, -1, rows)


@aten("unfold", "unfold_copy")
def unfold(t: Tracer, x: Traced, dim: int, size: int, step: int) -> Traced:
    """Give windows along an axis, of which each is a new last axis."""
    dim = dim % len(x.shape)
    starts = np.arange(0, x.shape[dim] - size + 1, step)
    found = taking.index_select(t, x, dim, starts[:, None] + np.arange(size))
    order = [d for d in range(len(found.shape)) if d != dim + 1]
    return permute(t, found, [*order, dim + 1])
