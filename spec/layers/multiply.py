"""multiply: the product of several values, as in gates."""

from __future__ import annotations

from typing import ClassVar

from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("multiply")
@record(frozen=True, kw_only=True)
class Multiply(Layer):
    """The product `x y ...` of the inputs by item; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 1_000)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.combine("multiply", *inputs)
