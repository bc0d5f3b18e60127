"""concat: several values side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Concat, Shape
from spec.records import record


@register("concat")
@record(frozen=True, kw_only=True)
class Concatenate(Layer):
    """Two or more inputs one after the other along `dim`, counted with the batch."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 1_000)

    dim: int = axis(default=1)

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Concat(self.dim - 1), *inputs)
