"""Elementwise: a function applied to each element, of values and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show

Arguments = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True)
class Elementwise(Primitive):
    """`function` of the inputs and, for `add`, `multiply` and `prelu`, of a parameter.

    A parameter lies along the axes that begin at `axis` (negative: counted from the end) and is
    the same along all others; a parameter of one element with `axis` None is the same everywhere.
    Several inputs have one rank; where one of them has size 1 along an axis it is repeated.
    `arguments` are the function's constants, such as a slope. `scale` multiplies by its constant
    `factor`, `sine` gives `sin(frequency x)`, `causal_mask` sets to minus infinity what lies, on
    the last two axes, in a column right of the diagonal that ends in the lower right corner.
    """

    function: str
    arguments: Arguments = ()
    axis: int | None = None
    name: ClassVar[str] = "elementwise"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        first = inputs[0]
        for other in inputs[1:]:
            pairs = list(zip(first, other, strict=False))
            if len(first) != len(other) or any(a != b and 1 not in (a, b) for a, b in pairs):
                raise ShapeError(
                    f"`{self.function}` needs inputs of one shape, got "
                    + " and ".join(show(shape) for shape in inputs)
                )
            first = tuple(max(a, b) for a, b in pairs)
        if self.function == "causal_mask" and len(first) < 2:
            raise ShapeError(f"a causal mask needs two axes, got {show(first)}")
        for parameter in parameters:
            if self.axis is None and prod(parameter) == 1:
                continue
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
