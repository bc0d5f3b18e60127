"""Items along an axis, chosen by constants or by indices that are computed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.alignment import aligned, common_batch
from graphgen.importers.operators.joining import concat
from graphgen.importers.operators.repeated import unrepeated
from graphgen.importers.operators.shapes import expand, reshape, squeeze, viewed, with_size
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer

MOST_COMPARED = 100_000
"""The most items of an axis that computed indices choose from: each is compared."""

MOST_LISTED = 1_000
"""The most indices that a field of the language lists."""


def slice_(
    t: Tracer, x: Traced, dim: int, start: int | None, stop: int | None, step: int = 1
) -> Traced:
    """Give the items `start:stop:step` along an axis, as Python counts them."""
    dim = dim % len(x.shape)
    places = range(x.shape[dim])[start:stop:step]
    if not places and isinstance(x, Value):
        return Constant(np.zeros(with_size(x, dim, 0)))
    if not isinstance(x, Value):
        cut: list[Any] = [slice(None)] * len(x.shape)
        cut[dim] = slice(start, stop, step)
        return viewed(x, x.array[tuple(cut)])
    if len(places) == x.shape[dim] and places[0] == 0:
        return x
    axis = t.axis(x, dim)
    shape = with_size(x, dim, len(places))
    if places.step == 1 or len(places) == 1:
        fields: dict[str, Any] = {"dim": axis, "start": places[0], "length": len(places)}
        return t.layer("narrow", [x], shape, x.batch, fields)
    fields = {"dim": axis, "start": places[0], "step": places.step}
    if places.step > 0:
        fields["stop"] = places[-1] + 1
    elif places[-1]:
        fields["stop"] = places[-1] - 1
    return t.layer("slice", [x], shape, x.batch, fields)


def narrow(t: Tracer, x: Traced, dim: int, start: int, length: int) -> Traced:
    """Give the `length` items from `start` on."""
    return slice_(t, x, dim, start, start + length)


def select(t: Tracer, x: Traced, dim: int, index: int) -> Traced:
    """Give one item along an axis, which goes."""
    dim = dim % len(x.shape)
    size = x.shape[dim]
    if not -size <= index < size:
        t.refuse(f"there is no item {index} along axis {dim} of {list(x.shape)}")
    if not isinstance(x, Value):
        return viewed(x, x.array[(slice(None),) * dim + (index,)])
    t.axis(x, dim)
    return squeeze(t, narrow(t, x, dim, index % size, 1), [dim])


def index_select(t: Tracer, x: Traced, dim: int, index: NDArray[Any]) -> Traced:
    """Give the items along an axis that constant indices name; their axes take its place."""
    dim = dim % len(x.shape)
    size = x.shape[dim]
    if not index.size:
        t.refuse("there are no indices")
    if index.min() < -size or index.max() >= size:
        t.refuse(f"indices from {index.min()} to {index.max()} along axis {dim} of {list(x.shape)}")
    once = unrepeated(index) if index.ndim > 1 else index
    if once.shape != index.shape:
        found = index_select(t, x, dim, once)
        return expand(t, found, (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]))
    places = np.asarray(index, dtype=np.int64) % size
    return _in_shape(t, _taken(t, x, dim, places.ravel().tolist()), dim, index.shape)


def _taken(t: Tracer, x: Traced, dim: int, places: list[int]) -> Traced:
    if isinstance(x, Constant):
        return Constant(x.array.take(places, axis=dim))
    steps = {b - a for a, b in pairwise(places)}
    if len(steps) <= 1 and steps != {0}:
        step = steps.pop() if steps else 1
        stop = places[-1] + (1 if step > 0 else -1)
        return slice_(t, x, dim, places[0], stop if stop >= 0 else None, step)
    value = t.value(x)
    axis = t.axis(value, dim)
    shape = with_size(value, dim, len(places))
    if len(places) <= MOST_LISTED:
        return t.layer("index_select", [value], shape, value.batch, {"dim": axis, "index": places})
    parts = [
        _taken(t, value, dim, places[first : first + MOST_LISTED])
        for first in range(0, len(places), MOST_LISTED)
    ]
    return concat(t, parts, dim)


def _in_shape(t: Tracer, x: Traced, dim: int, shape: tuple[int, ...]) -> Traced:
    """Give the axis `dim` the shape of the indices that were taken along it."""
    if len(shape) == 1:
        return x
    if not shape:
        return squeeze(t, x, [dim])
    wide = (*x.shape[:dim], *shape, *x.shape[dim + 1 :])
    return reshape(t, x, wide)


def computed_index_select(t: Tracer, x: Traced, dim: int, index: Value) -> Traced:
    """Give the items along an axis of x that computed indices name; their axes take its place."""
    dim = dim % len(x.shape)
    _check_compared(t, x.shape[dim])
    value = t.value(x)
    shape = (*value.shape[:dim], *index.shape, *value.shape[dim + 1 :])
    if value.batch is None:
        batch = index.batch and Batch(index.batch.axis + dim, index.batch.outer, index.batch.inner)
        counted = dim + 1
    elif index.batch is None:
        counted = t.axis(value, dim)
        axis = value.batch.axis + (len(index.shape) - 1 if value.batch.axis > dim else 0)
        batch = Batch(axis, value.batch.outer, value.batch.inner)
    else:
        raise MixedSamplesError(f"{t.source}: a sample's indices choose among all samples")
    return t.layer("index_select", [value, index], shape, batch, {"dim": counted})


def _check_compared(t: Tracer, size: int) -> None:
    """Refuse what compares computed indices with more places than fit."""
    if size > MOST_COMPARED:
        t.refuse(f"computed indices into an axis of {size} items, expected at most {MOST_COMPARED}")


def gather(t: Tracer, x: Traced, dim: int, index: Traced) -> Traced:
    """Give the items along an axis that indices of as many axes name, as `torch.gather`."""
    rank = len(x.shape)
    dim = dim % rank
    if isinstance(index, Constant):
        index = _of_axis(index, dim)
        if index.array.ndim == 1:
            return index_select(t, x, dim, index.array)
    _check_compared(t, x.shape[dim])
    batch = common_batch(t, [x, index], rank)
    if isinstance(x, Value) and x.batch is not None:
        t.axis(x, dim)
    cut = x
    for d in range(rank):
        if d != dim and index.shape[d] < x.shape[d]:
            cut = narrow(t, cut, d, 0, index.shape[d])
    sides = [aligned(t, each, rank, batch) for each in (cut, index)]
    like = sides[0] if sides[0].batch is not None else sides[1]
    shape = with_size(cut, dim, index.shape[dim])
    return t.layer("gather", sides, shape, batch, {"dim": t.axis(like, dim)})


def _of_axis(index: Constant, dim: int) -> Constant:
    """Give indices that are the same along all other axes as those of one axis."""
    turned = np.moveaxis(index.array, dim, -1)
    first = turned.reshape(-1, turned.shape[-1])[0]
    return Constant(first) if (turned == first).all() else index


def split(t: Tracer, x: Traced, sizes: Sequence[int], dim: int) -> list[Traced]:
    """Cut an axis into parts of these sizes."""
    dim = dim % len(x.shape)
    ends = np.cumsum([0, *sizes]).tolist()
    if ends[-1] != x.shape[dim]:
        t.refuse(f"parts of {list(sizes)} items of axis {dim} of {list(x.shape)}")
    if not isinstance(x, Value) or 0 in sizes or not 1 < len(sizes) <= MOST_PARTS:
        return [_part(t, x, dim, a, b) for a, b in pairwise(ends)]
    axis = t.axis(x, dim)
    even = len(set(sizes)) == 1
    fields: dict[str, Any] = {"sections": len(sizes)} if even else {"sizes": list(sizes)}
    first = t.layer("split", [x], with_size(x, dim, sizes[0]), x.batch, {**fields, "dim": axis})
    return [
        first if place == 0 else t.further(first, str(place), with_size(x, dim, size), x.batch)
        for place, size in enumerate(sizes)
    ]


def _part(t: Tracer, x: Traced, dim: int, first: int, end: int) -> Traced:
    """Give a part, which may have no items, as other sizes of the model's axis would ask for."""
    if first == end:
        return Constant(np.zeros(with_size(x, dim, 0), np.float32))
    return slice_(t, x, dim, first, end)


MOST_PARTS = 64


def chunk(t: Tracer, x: Traced, chunks: int, dim: int) -> list[Traced]:
    """Cut an axis into at most `chunks` parts, of one length but for the last, as `torch.chunk`."""
    size = x.shape[dim % len(x.shape)]
    length = -(-size // chunks)
    return split(t, x, [min(length, size - i) for i in range(0, size, length)], dim)


def one_hot(t: Tracer, index: Value, classes: int) -> Value:
    """Give 1 at the place that an index names along a new last axis, 0 elsewhere."""
    shape = (*index.shape, classes)
    return t.layer("one_hot", [index], shape, index.batch, {"num_classes": classes})
