"""where: one of two values, item by item."""

from __future__ import annotations

from typing import ClassVar

from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("where")
@record(frozen=True, kw_only=True)
class Where(Layer):
    """Of the inputs condition, x and y: x where the condition is not 0, y elsewhere.

    Single numbers and axes of size 1 are repeated.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (3, 3)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.combine("where", *inputs)
