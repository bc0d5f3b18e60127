"""glu: one half of a value, gated by the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Elementwise, Shape, ShapeError, Slice, show
from spec.records import record


@register("glu")
@record(frozen=True, kw_only=True)
class GLU(Layer):
    """`a sigmoid(b)` of the two halves a and b along the axis `dim` (Dauphin et al. 2017)."""

    dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        if shapes[0][dim - 1] % 2:
            raise ShapeError(f"axis {dim} of {show(shapes[0])} does not divide into two halves")
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        place = self.dim - 1
        half = x.shape[place] // 2
        first = scope.apply(Slice(place, 0, half), x)
        second = scope.apply(Slice(place, half, 2 * half), x)
        return scope.apply(Elementwise("multiply"), first, scope.function("sigmoid", second))
