"""Items of a value that are written over, at constant places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators import elementwise, scatter, taking
from graphgen.importers.operators.shapes import expand, reshape, unsqueeze
from graphgen.importers.torch.operators.registry import aten, traced
from graphgen.importers.torch.operators.taking import without_booleans
from graphgen.importers.traced import Constant, Traced, Value
from graphgen.importers.tracer import Tracer


@aten("select_scatter")
def select_scatter(t: Tracer, x: Traced, source: Traced, dim: int, index: int) -> Traced:
    place = index % x.shape[dim]
    return over(t, x, dim, range(place, place + 1), unsqueeze(t, source, dim))


@aten("slice_scatter")
def slice_scatter(
    t: Tracer, x: Traced, source: Traced, dim: int = 0, start: Any = None, end: Any = None,
    step: int = 1,
) -> Traced:  # fmt: skip
    return over(t, x, dim, range(x.shape[dim])[start:end:step], source)


def over(t: Tracer, x: Traced, dim: int, places: range, source: Traced) -> Traced:
    """Write over the items at some places along an axis."""
    dim = dim % len(x.shape)
    shape = (*x.shape[:dim], len(places), *x.shape[dim + 1 :])
    wide = source if source.shape == shape else expand(t, source, shape)
    if len(places) == x.shape[dim]:
        return wide if places.step == 1 else taking.index_select(t, wide, dim, np.array(places))
    if not places:
        return x
    every = np.arange(int(np.prod(x.shape, dtype=np.int64))).reshape(x.shape)
    return scatter.scatter(t, x, every.take(np.array(places), dim), wide)


@aten("index_put", "_unsafe_index_put")
def index_put(
    t: Tracer, x: Traced, indices: Sequence[Traced | None], values: Traced,
    accumulate: bool = False,
) -> Traced:  # fmt: skip
    mask = indices[0]
    masked = len(indices) == 1 and isinstance(mask, Value) and mask.shape == x.shape
    if masked and mask is not None and not values.shape and not accumulate:
        return elementwise.where(t, mask, values, x)
    places = _places(t, x, indices)
    wide = expand(t, values, places.shape)
    if accumulate:
        if len(np.unique(places)) < places.size:
            t.refuse("it adds several items at one place")
        flat = reshape(t, x, (-1,))
        before = reshape(t, taking.index_select(t, flat, 0, places.ravel()), places.shape)
        wide = elementwise.add(t, before, wide)
    return scatter.scatter(t, x, places, wide)


def _places(t: Tracer, x: Traced, indices: Sequence[Traced | None]) -> Any:
    """Give the places that constant indices name, counted in C order."""
    plain = without_booleans(t, x, indices)
    if not all(each is None or isinstance(each, Constant) for each in plain):
        t.refuse("it writes to places that are computed")
    every = np.arange(int(np.prod(x.shape, dtype=np.int64))).reshape(x.shape)
    chosen: Any = tuple(each.array if isinstance(each, Constant) else slice(None) for each in plain)
    return every[chosen]


@aten("scatter", "scatter_add")
def scatter_(
    t: Tracer, x: Traced, dim: int, index: Traced, source: Any, *, reduce: str | None = None
) -> Traced:
    if not isinstance(index, Constant):
        t.refuse("it writes to places that are computed")
    every = np.arange(int(np.prod(x.shape, dtype=np.int64))).reshape(x.shape)
    part = every[tuple(slice(None) if d == dim % len(x.shape) else slice(0, n)
                       for d, n in enumerate(index.shape))]  # fmt: skip
    places = np.take_along_axis(part, index.array, dim)
    wide = traced(source)
    if wide.shape != places.shape:
        cut = wide if wide.shape else expand(t, wide, places.shape)
        for axis, size in enumerate(places.shape):
            cut = taking.narrow(t, cut, axis, 0, size)
        wide = cut
    if reduce is not None or "scatter_add" in t.source:
        if reduce not in (None, "add") or len(np.unique(places)) < places.size:
            t.refuse("it brings several items together at one place")
        flat = reshape(t, x, (-1,))
        before = reshape(t, taking.index_select(t, flat, 0, places.ravel()), places.shape)
        wide = elementwise.add(t, before, wide)
    return scatter.scatter(t, x, places, wide)


@aten("index_copy")
def index_copy(t: Tracer, x: Traced, dim: int, index: Traced, source: Traced) -> Traced:
    return index_put(t, x, [*[None] * (dim % len(x.shape)), index], source)


@aten("index_fill")
def index_fill(t: Tracer, x: Traced, dim: int, index: Traced, value: Any) -> Traced:
    return index_put(t, x, [*[None] * (dim % len(x.shape)), index], traced(value))
