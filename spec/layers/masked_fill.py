"""masked_fill: a constant where a mask says so."""

from __future__ import annotations

from typing import ClassVar

from spec.fields import array, flat, size_of
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Fixed, Shape, ShapeError
from spec.records import record


@register("masked_fill")
@record(frozen=True, kw_only=True)
class MaskedFill(Layer):
    """Of the inputs x and mask: `value` where the mask is not 0, x elsewhere.

    The value may be `-.inf`; single numbers and axes of 1 are repeated.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    value: float | str = array(summary="what is filled in, which may be infinite")

    def infer(self, *shapes: Shape) -> MaskedFill:
        if size_of(self.value):
            raise ShapeError("`value` is a list, expected one number")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, mask = inputs
        filled = scope.apply(Fixed((1,) * len(x.shape), "numbers", flat(self.value)), x)
        return scope.combine("where", mask, filled, x)
