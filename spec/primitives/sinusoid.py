"""Sinusoid: waves over the position along a sequence, added to the features."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Sinusoid(Primitive):
    """Add fixed waves to x `[length, features]` (Vaswani et al. 2017, section 3.5).

    Feature `2 i` of position p gains `sin(p * base ** (-2 i / features))`, feature `2 i + 1` the
    cosine of the same angle.
    """

    base: float = 10000.0
    name: ClassVar[str] = "sinusoid"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if len(x) != 2:
            raise ShapeError(f"sinusoidal positions need [N, length, features], got {show(x)}")
        return x

    def channel_axis(self, rank: int) -> int | None:
        return rank - 1
