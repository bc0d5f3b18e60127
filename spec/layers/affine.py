"""affine: a constant factor and a constant shift, such as `1 - x`."""

from __future__ import annotations

from spec.fields import number
from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("affine")
@record(frozen=True, kw_only=True)
class Affine(Layer):
    """`scale x + shift` with two constants: `1 - x` is `{scale: -1, shift: 1}`."""

    scale: float = number(default=1.0, summary="the factor")
    shift: float = number(default=0.0, summary="what is added")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if self.scale != 1:
            x = scope.function("scale_by", x, factor=self.scale)
        return scope.function("shift_by", x, value=self.shift) if self.shift else x
