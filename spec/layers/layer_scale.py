"""layer_scale: a small factor for each feature at the end of a residual branch."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axis, number
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Shape
from spec.records import record


@register("layer_scale")
@record(frozen=True, kw_only=True)
class LayerScale(Layer):
    """`y = gamma x` with a factor for each item of `dim` (Touvron et al. 2021, as in ConvNeXt)."""

    init_value: float = number(default=1e-6)
    dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        place = self.dim - 1
        gamma = scope.parameter("gamma", (x.shape[place],), ("constant", self.init_value))
        return scope.multiply(x, gamma, axis=place)
