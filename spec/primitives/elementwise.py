"""Elementwise: a function applied to each element, of values and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show

Arguments = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True)
class Elementwise(Primitive):
    """`function` of the inputs and, for `add` and `multiply`, of a parameter.

    A parameter lies along the axes that begin at `axis` (negative: counted from the end) and is
    the same along all others. `arguments` are the function's constants, such as a slope.
    """

    function: str
    arguments: Arguments = ()
    axis: int | None = None
    name: ClassVar[str] = "elementwise"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        first = inputs[0]
        for other in inputs[1:]:
            if other != first:
                raise ShapeError(
                    f"`{self.function}` needs inputs of one shape, got "
                    + " and ".join(show(shape) for shape in inputs)
                )
        for parameter in parameters:
            start = self.parameter_start(len(first))
            if first[start : start + len(parameter)] != parameter:
                raise ShapeError(
                    f"a parameter of shape {list(parameter)} does not lie along axis "
                    f"{self.axis} of {show(first)}"
                )
        return first

    def parameter_start(self, rank: int) -> int:
        """Give the axis, counted from 0 without the batch, at which a parameter begins."""
        axis = self.axis or 0
        return axis if axis >= 0 else rank + axis
