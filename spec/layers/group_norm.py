"""group_norm: normalisation of each sample over groups of adjacent channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, channels, register
from spec.primitives import Normalise, Shape
from spec.records import record


@register("group_norm")
@record(frozen=True, kw_only=True)
class GroupNorm(Layer):
    """Normalise over groups of channels and all positions, as `torch.nn.GroupNorm`."""

    num_groups: int = size()
    num_channels: int | None = size(default=None)
    eps: float = number(default=1e-5, minimum=0)
    affine: bool = flag(default=True)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        count = channels(self.type, shapes[0])
        return replace(self, num_channels=agree("num_channels", self.num_channels, count))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        y = scope.apply(Normalise("group", self.eps, size=self.num_groups), x)
        if self.affine:
            weight = scope.parameter("weight", x.shape[:1], ("constant", 1.0))
            y = scope.multiply(y, weight, axis=0)
            if self.bias:
                bias = scope.parameter("bias", x.shape[:1], ("constant", 0.0))
                y = scope.add(y, bias, axis=0)
        return y
