"""Elementwise: a function applied to each element, of values and parameters."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from spec.errors import quoted
from spec.functions import FUNCTIONS
from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record
from spec.suggestions import suggest

Arguments = tuple[tuple[str, Any], ...]

NESTED = ("add", "multiply", "maximum")
"""What takes several values, in any order, and is the same if it takes some of them first."""

COMBINING = (*NESTED, "where")
"""What takes several values."""

OTHERS = ("prelu", "dropout", "band_mask", "identity")
"""What is no function of one number alone."""


UNLEVEL = ": expected as many axes; axes of 1, which `unsqueeze` puts in, are repeated"


@record(frozen=True)
class Elementwise(Primitive):
    """`function` of the inputs and, for `add`, `multiply` and `prelu`, of a parameter.

    A parameter lies along the axes that begin at `axis` (negative: counted from the end) and is
    the same along all others (axes of one behind are left aside); one of one element with `axis`
    None is the same everywhere.
    Several inputs have one rank; where one of them has size 1 along an axis it is repeated.
    `where` takes a condition, x and y, and gives x where the condition is not 0, y elsewhere.
    `arguments` are the function's constants, such as a slope. Functions of single numbers are in
    `spec.functions`; `band_mask` sets to minus infinity what lies, on the last two axes, more than
    `before` columns before the diagonal that ends in the lower right corner, or more than `after`
    behind it; None is no limit.
    """

    function: str
    arguments: Arguments = ()
    axis: int | None = None
    name: ClassVar[str] = "elementwise"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        self._check()
        first = inputs[0]
        for other in inputs[1:]:
            pairs = list(zip(first, other, strict=False))
            if len(first) != len(other) or any(a != b and 1 not in (a, b) for a, b in pairs):
                raise ShapeError(
                    f"`{self.function}` needs inputs of one shape, got "
                    + " and ".join(show(shape) for shape in inputs)
                    + (UNLEVEL if len(first) != len(other) else "")
                )
            first = tuple(max(a, b) for a, b in pairs)
        if self.function == "band_mask" and len(first) < 2:
            raise ShapeError(f"a mask of scores needs two axes, got {show(first)}")
        for parameter in parameters:
            if self.axis is None and prod(parameter) == 1:
                continue
            start = self.parameter_start(len(first))
            lies = lying(parameter)
            if first[start : start + len(lies)] != lies:
                raise ShapeError(
                    f"a parameter of shape {list(parameter)} does not lie along axis "
                    f"{self.axis} of {show(first)}"
                )
        return first

    def _check(self) -> None:
        """Raise `ShapeError` for a function that there is not, or other constants than it has."""
        if self.function in (*COMBINING, *OTHERS):
            return
        known = FUNCTIONS.get(self.function)
        if known is None:
            raise ShapeError(
                f"there is no function {quoted(self.function)}{suggest(self.function, FUNCTIONS)}; "
                "`spec.register_function` adds one"
            )
        constants = dict(self.arguments)
        if constants.keys() != known.constants.keys():
            needed = ", ".join(f"`{name}`" for name in known.constants) or "none"
            given = ", ".join(f"`{name}`" for name in constants) or "none"
            raise ShapeError(
                f"the constants of the function `{self.function}` are {needed}, got {given}"
            )
        if problem := known.problem(**constants):
            raise ShapeError(problem)

    def parameter_start(self, rank: int) -> int:
        """Give the axis, counted from 0 without the batch, at which a parameter begins."""
        axis = self.axis or 0
        return axis if axis >= 0 else rank + axis


def lying(parameter: Shape) -> Shape:
    """Give the axes along which a parameter lies: without those of one behind the first.

    >>> lying((8, 1, 1))
    (8,)
    """
    size = len(parameter)
    while size > 1 and parameter[size - 1] == 1:
        size -= 1
    return parameter[:size]
