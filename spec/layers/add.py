"""add: the sum of several values, as at the end of a residual branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise


@register("add")
@dataclass(frozen=True, kw_only=True)
class Add(Layer):
    """The sum `x + y + ...` of two or more inputs; axes of size 1 are repeated."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 1_000)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Elementwise("add"), *inputs)
