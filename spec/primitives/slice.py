"""Slice: a run of items along one axis."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Slice(Primitive):
    """The items `start` to `stop` (not included) along `axis`, counted without the batch."""

    axis: int
    start: int
    stop: int
    name: ClassVar[str] = "slice"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if not 0 <= self.axis < len(x) or not 0 <= self.start < self.stop <= x[self.axis]:
            raise ShapeError(
                f"no items {self.start} to {self.stop} along axis {self.axis + 1} of {show(x)}"
            )
        return (*x[: self.axis], self.stop - self.start, *x[self.axis + 1 :])
