"""Recurrence: a linear one along an axis, item by item."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Recurrence(Primitive):
    """`h_t = a_t h_(t-1) + b_t` along one axis (counted from 0 without the batch), item by item.

    The inputs are the factors a, the terms b and, if it does not begin at zero, what is before the
    first item, of one item along the axis. They have one rank; where one of them has size 1 along
    an axis it is repeated. Gives all h_t; `reverse` runs from the end to the beginning.
    """

    axis: int
    reverse: bool = False
    name: ClassVar[str] = "recurrence"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        shown = " and ".join(map(show, inputs))
        first, rank = inputs[0], len(inputs[0])
        if any(len(other) != rank for other in inputs):
            raise ShapeError(f"a recurrence needs inputs with as many axes, got {shown}")
        if not 0 <= self.axis < rank:
            raise ShapeError(f"axis {self.axis} of a recurrence is none of {show(first)}")
        for other in inputs[1:]:
            if any(a != b and 1 not in (a, b) for a, b in zip(first, other, strict=True)):
                raise ShapeError(f"a recurrence needs inputs of one shape, got {shown}")
            first = tuple(max(a, b) for a, b in zip(first, other, strict=True))
        if len(inputs) > 2 and inputs[2][self.axis] != 1:
            raise ShapeError(
                f"a recurrence begins with one item along axis {self.axis + 1}, "
                f"got {show(inputs[2])}"
            )
        return first
