"""What is repeated once for each sample, and so alike for all: it is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.shapes import reshape, viewed
from graphgen.importers.traced import Batch, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


def repeated_axis(
    t: Tracer, words: Sequence[Sequence[Any]], output: Sequence[Any], operands: Sequence[Traced]
) -> Repeated | None:
    """Find an axis along which operands without samples have the same items for each sample.

    `words` has the letters of each operand's axes. All operands that have the letter repeat along
    it, or have one item, so that the result is alike for all samples.
    """
    samples = t.samples or 1
    if samples < 2 or any(isinstance(x, Value) and x.batch is not None for x in operands):
        return None
    for letter in output:
        axes = [
            (x, word.index(letter))
            for x, word in zip(operands, words, strict=True)
            if letter in word and x.shape[word.index(letter)] != 1
        ]
        sizes = {x.shape[axis] for x, axis in axes}
        if len(sizes) != 1 or any(isinstance(x, Value) for x, _ in axes):
            continue
        items, rest = divmod(sizes.pop(), samples)
        for outer, inner in dict.fromkeys(((1, items), (items, 1))) if items and not rest else ():
            if all(_repeats(x, axis, outer, samples, inner) for x, axis in axes):
                return Repeated(letter, outer, inner, tuple(words))
    return None


@dataclass(frozen=True)
class Repeated:
    """The letter of an axis of operands that has the same `outer` times `inner` items a sample."""

    letter: Any
    outer: int
    inner: int
    words: tuple[Sequence[Any], ...]

    def once(self, t: Tracer, operands: Sequence[Traced]) -> list[Traced]:
        """Give operands as they are for one sample; the axis stays."""
        samples = t.samples or 1
        found = []
        for x, word in zip(operands, self.words, strict=True):
            axis = word.index(self.letter) if self.letter in word else None
            if axis is None or isinstance(x, Value) or x.shape[axis] == 1:
                found.append(x)
                continue
            cut = _cut(x.array, axis, self.outer, samples, self.inner).take(0, axis + 1)
            if isinstance(x, Parameter):
                cut = x.array[(slice(None),) * axis + (slice(0, self.inner),)]
            shape = (*x.shape[:axis], self.outer * self.inner, *x.shape[axis + 1 :])
            found.append(viewed(x, cut.reshape(shape)))
        return found

    def for_all(self, t: Tracer, x: Traced, axis: int) -> Value:
        """Give what was computed once as a value that has the samples along an axis."""
        return for_all_samples(t, x, Batch(axis, self.outer, self.inner))


def _cut(array: NDArray[Any], axis: int, outer: int, samples: int, inner: int) -> NDArray[Any]:
    return array.reshape(*array.shape[:axis], outer, samples, inner, *array.shape[axis + 1 :])


def _repeats(x: Traced, axis: int, outer: int, samples: int, inner: int) -> bool:
    """Whether stored numbers are the same for each sample along an axis."""
    if isinstance(x, Value):
        return False
    if not x.array.strides[axis]:
        return True
    if isinstance(x, Parameter):
        return False
    cut = _cut(x.array, axis, outer, samples, inner)
    return bool((cut == cut.take([0], axis + 1)).all())


def for_all_samples(t: Tracer, x: Traced, batch: Batch) -> Value:
    """Give what no sample changes, with the items of one sample along an axis, for all of them."""
    axis = batch.axis
    shape = (*x.shape[:axis], batch.items * (t.samples or 1), *x.shape[axis + 1 :])
    if batch.items == 1:
        x = reshape(t, x, (*x.shape[:axis], *x.shape[axis + 1 :]))
    return Value(t.value(x).name, shape, batch)


def unrepeated(indices: NDArray[Any]) -> NDArray[Any]:
    """Give indices without the axes along which they are alike."""
    for axis, size in enumerate(indices.shape):
        first = indices.take([0], axis=axis)
        if size > 1 and np.array_equal(indices, np.broadcast_to(first, indices.shape)):
            indices = first
    return indices
