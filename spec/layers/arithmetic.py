"""subtract, divide, maximum, minimum: arithmetic of values, item by item."""

from __future__ import annotations

from typing import ClassVar

from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("subtract")
@record(frozen=True, kw_only=True)
class Subtract(Layer):
    """The difference `x - y`; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, y = inputs
        return scope.combine("add", x, scope.function("scale_by", y, factor=-1.0))


@register("divide")
@record(frozen=True, kw_only=True)
class Divide(Layer):
    """The quotient `x / y`; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, y = inputs
        return scope.combine("multiply", x, scope.function("reciprocal", y))


@register("maximum")
@record(frozen=True, kw_only=True)
class Maximum(Layer):
    """The largest of the inputs, item by item; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 64)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.combine("maximum", *inputs)


@register("minimum")
@record(frozen=True, kw_only=True)
class Minimum(Layer):
    """The smallest of the inputs, item by item; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 64)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        turned = [scope.function("scale_by", value, factor=-1.0) for value in inputs]
        return scope.function("scale_by", scope.combine("maximum", *turned), factor=-1.0)
