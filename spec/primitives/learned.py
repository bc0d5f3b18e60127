"""Learned: a value that is a parameter itself."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape
from spec.records import record


@record(frozen=True)
class Learned(Primitive):
    """The parameter, for each sample alike; the input only says how many samples there are."""

    name: ClassVar[str] = "learned"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        return parameters[0]
