"""Reshapes, transposes and axes of one."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from numpy.typing import NDArray

from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Parameter, Traced, Value, reshaped_batch
from graphgen.importers.tracer import Tracer


def reshape(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    """Give the same items in another shape; one size may be -1."""
    known = prod(n for n in shape if n != -1)
    full = tuple(prod(x.shape) // known if n == -1 and known else int(n) for n in shape)
    if not isinstance(x, Value):
        return _viewed(x, x.array.reshape(full))
    if full == x.shape:
        return x
    batch = None
    if x.batch is not None and t.samples is not None:
        batch = reshaped_batch(x, full, t.samples)
        if batch is None:
            raise MixedSamplesError(
                f"{t.source} reshapes {list(x.shape)} to {list(full)}, where no axis holds the "
                "samples"
            )
    result = Value(x.name, full, batch)
    if result.sample_shape == x.sample_shape:
        return result
    return t.layer("reshape", [x], full, batch, {"shape": list(result.sample_shape)})


def permute(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    """Give the axes in another order: axis i is axis `dims[i]` of x."""
    order = [d % len(x.shape) for d in dims]
    if not isinstance(x, Value):
        return _viewed(x, x.array.transpose(order))
    shape = tuple(x.shape[d] for d in order)
    batch = x.batch and Batch(order.index(x.batch.axis), x.batch.outer, x.batch.inner)
    kept = [d for d in order if d != x.dropped]
    if kept == sorted(kept):
        return Value(x.name, shape, batch)
    places = {d: place for place, d in enumerate(sorted(kept))}
    return t.layer("permute", [x], shape, batch, {"dims": [0, *(places[d] + 1 for d in kept)]})


def transpose(t: Tracer, x: Traced, dim0: int, dim1: int) -> Traced:
    """Exchange two axes."""
    order = list(range(len(x.shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(t, x, order)


def unsqueeze(t: Tracer, x: Traced, dim: int) -> Traced:
    """Put in an axis of one item."""
    place = dim % (len(x.shape) + 1)
    shape = (*x.shape[:place], 1, *x.shape[place:])
    if not isinstance(x, Value) or x.batch is None:
        return reshape(t, x, shape)
    # Where one sample was traced, a reshape might take the new axis for that of the samples.
    axis = x.batch.axis + (place <= x.batch.axis)
    return _with_batch(t, x, shape, Batch(axis, x.batch.outer, x.batch.inner))


def squeeze(t: Tracer, x: Traced, dims: Sequence[int] | None = None) -> Traced:
    """Take out axes of one item: those that are named, or all."""
    rank = len(x.shape)
    named = range(rank) if dims is None else [d % rank for d in dims]
    gone = {d for d in named if x.shape[d] == 1}
    if isinstance(x, Value) and x.batch is not None and x.batch.axis in gone:
        if dims is None:
            gone.discard(x.batch.axis)
        else:
            raise MixedSamplesError(f"{t.source} takes out the axis that holds the samples")
    shape = tuple(n for d, n in enumerate(x.shape) if d not in gone)
    if not isinstance(x, Value) or x.batch is None:
        return reshape(t, x, shape)
    axis = x.batch.axis - sum(d < x.batch.axis for d in gone)
    return _with_batch(t, x, shape, Batch(axis, x.batch.outer, x.batch.inner))


def _with_batch(t: Tracer, x: Value, shape: tuple[int, ...], batch: Batch) -> Value:
    result = Value(x.name, shape, batch)
    if result.sample_shape == x.sample_shape:
        return result
    return t.layer("reshape", [x], shape, batch, {"shape": list(result.sample_shape)})


def _viewed(x: Constant | Parameter, array: NDArray[Any]) -> Traced:
    return Constant(array) if isinstance(x, Constant) else Parameter(x.name, array)
