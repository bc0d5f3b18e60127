"""What of a constant or a parameter belongs to each sample, and axes in front taken together."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


def for_each_sample(t: Tracer, x: Traced, axis: int, batch: Batch) -> Traced:
    """Give what does not depend on the samples without their place along an axis.

    The axis, which lies where others have samples, keeps `batch.items` items, or goes where that
    is one. It has one item, or the same items for all samples.
    """
    size, samples = x.shape[axis], t.samples or 1
    if size not in (1, batch.items * samples):
        raise MixedSamplesError(f"{t.source} reads {size} items along the axis of the samples")
    outer, inner = (1, 1) if size == 1 else (batch.outer, batch.inner)
    runs = size // (outer * inner)
    front, behind = x.shape[:axis], x.shape[axis + 1 :]
    kept = () if batch.items == 1 else (outer * inner,)
    if isinstance(x, Value):
        if runs > 1:
            raise MixedSamplesError(f"{t.source} reads a learned value that samples may share")
        shape = (*front, *kept, *behind)
        if shape == x.shape:
            return x
        return t.layer("reshape", [x], shape, None, {"shape": list(shape)})
    cut = x.array.reshape(*front, outer, runs, inner, *behind)
    place = len(front) + 1
    first = cut.take(0, place) if runs > 1 and isinstance(x, Constant) else cut[
        (slice(None),) * place + (0,)
    ]  # fmt: skip
    if runs > 1 and x.array.strides[axis]:
        # Exporters store what is repeated for each sample, be it a parameter.
        same = np.array_equal(cut, np.broadcast_to(np.expand_dims(first, place), cut.shape))
        if not same:
            raise MixedSamplesError(f"{t.source} reads numbers that differ between samples")
    array = first.reshape(*front, *kept, *behind)
    return Constant(array) if isinstance(x, Constant) else Parameter(x.name, array)


@dataclass(frozen=True)
class Framed:
    """A value as `[samples, items, *rest]`, of which layers take `[samples, *rest]`.

    `items` are all axes in front but that of the samples, or None where there are none.
    """

    value: Value
    items: int | None
    front: tuple[int, ...]
    batch: Batch | None

    @property
    def head(self) -> tuple[int, ...]:
        """The axis of samples in the model's shape of `value`, if there is one."""
        return self.value.shape[: self.value.batch is not None]

    @property
    def rest(self) -> tuple[int, ...]:
        """The sizes of the last axes."""
        return self.value.shape[len(self.head) + (self.items is not None) :]


def framed(t: Tracer, x: Value, rest: int) -> Framed:
    """Take all axes but the last ones together; samples lie in front."""
    place = len(x.shape) - rest
    if x.batch is not None and x.batch.axis >= place:
        raise MixedSamplesError(f"{t.source} acts along axis {x.batch.axis}, that of the samples")
    front, behind = x.shape[:place], x.shape[place:]
    batch = None if x.batch is None else Batch(0)
    head = () if batch is None else (t.samples or 1,)
    count = prod(front) // prod(head)
    items = None if count == 1 else count
    shape = (*head, *(() if items is None else (items,)), *behind)
    return Framed(renamed(t, x, shape, batch), items, front, x.batch)


def unframed(t: Tracer, y: Value, frame: Framed) -> Value:
    """Give what a layer has made of a frame's value, `[samples, items, *rest]`, its axes again."""
    skipped = len(frame.head) + (frame.items is not None)
    return renamed(t, y, (*frame.front, *y.shape[skipped:]), frame.batch)


def renamed(t: Tracer, x: Value, shape: tuple[int, ...], batch: Batch | None) -> Value:
    """Give a value another shape in the model, by a reshape where a sample's differs."""
    result = Value(x.name, shape, batch)
    if result.sample_shape == x.sample_shape:
        return result
    return t.layer("reshape", [x], shape, batch, {"shape": list(result.sample_shape)})


def merged(t: Tracer, frame: Framed) -> Value:
    """Give `[samples, items * channels, *space]`, for layers that act on each channel alone."""
    if frame.items is None:
        return frame.value
    channels, *space = frame.rest
    shape = (*frame.head, frame.items * channels, *space)
    return renamed(t, frame.value, shape, frame.value.batch)


def split_again(t: Tracer, y: Value, frame: Framed) -> Value:
    """Undo `merged`, with the space that a layer has given."""
    skipped = len(frame.head)
    if frame.items is not None:
        shape = (*frame.head, frame.items, y.shape[skipped] // frame.items, *y.shape[skipped + 1 :])
        y = renamed(t, y, shape, y.batch)
    return unframed(t, y, frame)
