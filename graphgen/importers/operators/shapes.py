"""Reshapes, transposes and axes of one."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Parameter, Traced, Value, reshaped_batch
from graphgen.importers.tracer import Tracer
from spec.primitives import Shape


def reshape(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    """Give the same items in another shape; one size may be -1."""
    known = prod(n for n in shape if n != -1)
    full = tuple(prod(x.shape) // known if n == -1 and known else int(n) for n in shape)
    if not isinstance(x, Value):
        return viewed(x, x.array.reshape(full))
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
    return reshaped(t, x, full, batch)


def permute(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    """Give the axes in another order: axis i is axis `dims[i]` of x."""
    order = [d % len(x.shape) for d in dims]
    if not isinstance(x, Value):
        return viewed(x, x.array.transpose(order))
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
    return reshaped(t, x, shape, Batch(axis, x.batch.outer, x.batch.inner))


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
    return reshaped(t, x, shape, Batch(axis, x.batch.outer, x.batch.inner))


def reshaped(t: Tracer, x: Value, shape: Shape, batch: Batch | None) -> Value:
    """Give the same items in another shape, where it is known which axis has the samples."""
    result = Value(x.name, shape, batch)
    if result.sample_shape == x.sample_shape:
        return result
    if not result.sample_shape:
        return t.layer("squeeze", [x], shape, batch)
    return t.layer("reshape", [x], shape, batch, {"shape": list(result.sample_shape)})


def viewed(x: Constant | Parameter, array: NDArray[Any]) -> Traced:
    """Give a view of a constant or parameter as one."""
    return Constant(array) if isinstance(x, Constant) else Parameter(x.name, array)


def flatten(t: Tracer, x: Traced, start: int, end: int) -> Traced:
    """Join the axes from `start` to `end`, both included."""
    rank = len(x.shape)
    if not rank:
        return reshape(t, x, (1,))
    first, last = start % rank, end % rank
    joined = prod(x.shape[first : last + 1])
    return reshape(t, x, (*x.shape[:first], joined, *x.shape[last + 1 :]))


def expand(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    """Repeat axes of one item to a shape, of which -1 keeps an axis; new axes come in front."""
    rank = len(shape)
    if rank < len(x.shape):
        t.refuse(f"{list(x.shape)} has more axes than the shape {list(shape)} to which it goes")
    wide = (1,) * (rank - len(x.shape)) + tuple(x.shape)
    full = tuple(n if want == -1 else int(want) for n, want in zip(wide, shape, strict=True))
    if any(n not in (1, want) for n, want in zip(wide, full, strict=True)):
        t.refuse(f"{list(x.shape)} cannot be repeated to {list(shape)}")
    if isinstance(x, Constant):
        return Constant(np.broadcast_to(x.array, full))
    if prod(full) == prod(x.shape):
        return x if full == x.shape else reshape(t, x, full)
    x = t.value(x)
    if x.batch is None:
        return _repeated_for_samples(t, x, wide, full)
    batch = Batch(x.batch.axis + rank - len(x.shape), x.batch.outer, x.batch.inner)
    if wide[batch.axis] != full[batch.axis]:
        raise MixedSamplesError(f"{t.source} repeats the axis that holds the samples")
    before = reshaped(t, x, wide, batch)
    return _expanded(t, before, full, batch)


def _repeated_for_samples(t: Tracer, x: Value, wide: Shape, full: Shape) -> Value:
    """Repeat what no sample changes: an axis that gets as many items as samples may be theirs."""
    grown = [d for d, (n, want) in enumerate(zip(wide, full, strict=True)) if n != want]
    if t.samples and t.samples > 1 and full[grown[0]] == t.samples:
        axis = grown[0]
        bare = reshape(t, x, wide[:axis] + wide[axis + 1 :])
        one = expand(t, bare, full[:axis] + full[axis + 1 :])
        return Value(t.value(one).name, full, Batch(axis))
    return _expanded(t, t.value(reshape(t, x, wide)), full, None)


def _expanded(t: Tracer, x: Value, full: Shape, batch: Batch | None) -> Value:
    result = Value(x.name, full, batch)
    if result.sample_shape == x.sample_shape:
        return result
    return t.layer("expand", [x], full, batch, {"shape": list(result.sample_shape)})


def with_size(x: Traced, dim: int, size: int) -> Shape:
    """Give a shape with another size along one axis."""
    return (*x.shape[:dim], size, *x.shape[dim + 1 :])
