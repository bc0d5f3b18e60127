"""Rotary: pairs of features turned by an angle that grows along a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show


@dataclass(frozen=True)
class Rotary(Primitive):
    """Rotary position embedding (Su et al. 2021, eq. 34) of the last axis along `axis`.

    The first `size` features are turned in pairs `(i, i + size / 2)`, or `(2 i, 2 i + 1)` if
    `interleaved`, by the angle `position * base ** (-2 i / size)`.
    """

    axis: int
    size: int
    base: float = 10000.0
    interleaved: bool = False
    name: ClassVar[str] = "rotary"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if self.size % 2 or not 0 < self.size <= x[-1]:
            raise ShapeError(
                f"rotary positions turn an even number of features, at most those of {show(x)}; "
                f"got {self.size}"
            )
        return x
