"""Transpose: the same elements with the axes in another order."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Transpose(Primitive):
    """Axis `i` of the output is axis `order[i]` of the input, counted without the batch."""

    order: tuple[int, ...]
    name: ClassVar[str] = "transpose"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if sorted(self.order) != list(range(len(x))):
            raise ShapeError(f"{list(self.order)} is not an order of the axes of {show(x)}")
        return tuple(x[axis] for axis in self.order)
