"""Reshape: the same elements in another shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show


@dataclass(frozen=True)
class Reshape(Primitive):
    """Merge the axes `start` to `end` (both included, without the batch axis) into one."""

    start: int
    end: int
    name: ClassVar[str] = "reshape"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if not 0 <= self.start <= self.end < len(x):
            raise ShapeError(f"axes {self.start} to {self.end} are not all in {show(x)}")
        return (*x[: self.start], prod(x[self.start : self.end + 1]), *x[self.end + 1 :])
