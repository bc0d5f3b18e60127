"""Reshape: the same elements in another shape."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Reshape(Primitive):
    """The same elements, in row-major order, in the shape `target` (without the batch axis)."""

    target: Shape
    name: ClassVar[str] = "reshape"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if prod(x) != prod(self.target):
            raise ShapeError(
                f"{show(x)} has {prod(x)} elements, {show(self.target)} has {prod(self.target)}"
            )
        return self.target
