"""Concat: values side by side along one axis."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Concat(Primitive):
    """The inputs one after the other along `axis`, counted without the batch."""

    axis: int
    name: ClassVar[str] = "concat"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        first, *others = inputs
        if not 0 <= self.axis < len(first):
            raise ShapeError(f"there is no axis {self.axis + 1} in {show(first)}")
        for other in others:
            same = [a == b for a, b in zip(first, other, strict=False)]
            if len(first) != len(other) or not all(same[: self.axis] + same[self.axis + 1 :]):
                raise ShapeError(
                    f"values side by side along axis {self.axis + 1} agree on the other axes, got "
                    + " and ".join(show(shape) for shape in inputs)
                )
        total = sum(shape[self.axis] for shape in inputs)
        return (*first[: self.axis], total, *first[self.axis + 1 :])
