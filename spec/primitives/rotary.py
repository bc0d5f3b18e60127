"""Rotary: pairs of features turned by an angle that grows along a sequence."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Rotary(Primitive):
    """Rotary position embedding (Su et al. 2021, eq. 34) of the last axis along `axis`.

    The first `size` features are turned in pairs `(i, i + size / 2)`, or `(2 i, 2 i + 1)` if
    `interleaved`, by the angle `(offset + position) * base ** (-2 i / size)`, or by the
    `frequencies` that are given, in radians for each position; and multiplied by `magnitude`.
    """

    axis: int
    size: int
    base: float = 10000.0
    interleaved: bool = False
    offset: int = 0
    frequencies: tuple[float, ...] = ()
    magnitude: float = 1.0
    name: ClassVar[str] = "rotary"

    @property
    def speeds(self) -> tuple[float, ...]:
        """The angles of each pair from one position to the next."""
        half = self.size // 2
        return self.frequencies or tuple(self.base ** (-i / half) for i in range(half))

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if self.size % 2 or not 0 < self.size <= x[-1]:
            raise ShapeError(
                f"rotary positions turn an even number of features, at most those of {show(x)}; "
                f"got {self.size}"
            )
        if self.frequencies and len(self.frequencies) != self.size // 2:
            raise ShapeError(
                f"{self.size} turned features have {self.size // 2} frequencies, got "
                f"{len(self.frequencies)}"
            )
        return x
