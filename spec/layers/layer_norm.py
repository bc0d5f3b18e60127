"""layer_norm: normalisation of each sample over its last axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, shape
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Normalise, Shape, ShapeError, show
from spec.records import record


@register("layer_norm")
@record(frozen=True, kw_only=True)
class LayerNorm(Layer):
    """Normalise over the last axes, as `torch.nn.LayerNorm`; by default over the last one."""

    normalized_shape: tuple[int, ...] = shape(default=None)
    eps: float = number(default=1e-5, minimum=0)
    elementwise_affine: bool = flag(default=True)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        normalized = self.normalized_shape or shapes[0][-1:]
        if not normalized or shapes[0][len(shapes[0]) - len(normalized) :] != normalized:
            raise ShapeError(
                f"`normalized_shape` {list(normalized)} is not the end of {show(shapes[0])}"
            )
        return replace(self, normalized_shape=normalized)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        rank = len(self.normalized_shape)
        y = scope.apply(Normalise("layer", self.eps, size=rank), x)
        if self.elementwise_affine:
            weight = scope.parameter("weight", self.normalized_shape, ("constant", 1.0))
            y = scope.multiply(y, weight, axis=-rank)
            if self.bias:
                bias = scope.parameter("bias", self.normalized_shape, ("constant", 0.0))
                y = scope.add(y, bias, axis=-rank)
        return y
