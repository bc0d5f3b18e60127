"""What flows between the operators of a model while it is read: constants, parameters, values.

Shapes here are the model's own, with its batch. Which axis holds the batch is followed from the
inputs on, since the language leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from numpy.typing import NDArray

from spec.primitives import Shape


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers that depend neither on an input nor on a parameter; `name` is the model's, if any."""

    array: NDArray[Any]
    name: str = ""

    @property
    def shape(self) -> Shape:
        """The shape in the model."""
        return self.array.shape


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter, or a view of one: nothing is copied; `name` is the model's for the whole."""

    name: str
    array: NDArray[Any]

    @property
    def shape(self) -> Shape:
        """The shape in the model."""
        return self.array.shape


@dataclass(frozen=True)
class Batch:
    """Which axis of a value holds the samples: `outer` items, in each the samples, in each `inner`.

    `[tokens, samples * heads, features]` has the batch at 1 with `inner` heads; after a reshape to
    `[tokens * samples, features]` it is at 0 with `outer` tokens.
    """

    axis: int
    outer: int = 1
    inner: int = 1

    @property
    def items(self) -> int:
        """How many items of one sample lie along the axis."""
        return self.outer * self.inner


@dataclass(frozen=True)
class Value:
    """What is computed from inputs or learned: a node's output, in the model's shape."""

    name: str
    shape: Shape
    batch: Batch | None = None

    @property
    def sample_shape(self) -> Shape:
        """The shape of one sample: the batch's axis has its items, and goes where it is one."""
        if self.batch is None:
            return self.shape
        axis, items = self.batch.axis, self.batch.items
        return (*self.shape[:axis], *([items] if items > 1 else []), *self.shape[axis + 1 :])

    @property
    def dropped(self) -> int | None:
        """The axis that a sample lacks, if it lacks one."""
        return self.batch.axis if self.batch and self.batch.items == 1 else None


Traced: TypeAlias = Constant | Parameter | Value


def reshaped_batch(value: Value, shape: Shape, samples: int) -> Batch | None:
    """Say where the samples are after a reshape; None if they are no part of one axis any more.

    A sample's items keep their order in a reshape, so the axis begins where as many items stand
    in front as before.
    """
    batch = value.batch
    if batch is None:
        return None
    before = prod(value.shape[: batch.axis]) * batch.outer
    found = []
    for axis, size in enumerate(shape):
        front = prod(shape[:axis])
        if front == 0 or before % front or size == 0 or size % (before // front * samples):
            continue
        outer = before // front
        found.append(Batch(axis, outer, size // (outer * samples)))
    # One sample fits in many places: the simplest is the one that is meant.
    return min(
        found,
        key=lambda b: (b.items != 1, b.outer, b.inner, abs(b.axis - batch.axis)),
        default=None,
    )
