"""bias: a learned shift of each feature, where no layer before it has one."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Shape
from spec.records import record


@register("bias")
@record(frozen=True, kw_only=True)
class Bias(Layer):
    """`y = x + b` with a number for each item of `dim`; the tensor has the name of the layer."""

    dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        place = self.dim - 1
        bias = scope.parameter("bias", (x.shape[place],), ("constant", 0.0), own_name=True)
        return scope.add(x, bias, axis=place)
