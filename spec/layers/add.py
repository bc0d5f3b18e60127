"""add: the sum of several values, as at the end of a residual branch."""

from __future__ import annotations

from typing import ClassVar

from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("add")
@record(frozen=True, kw_only=True)
class Add(Layer):
    """The sum `x + y + ...` of two or more inputs; single numbers and axes of 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 1_000)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.combine("add", *inputs)
