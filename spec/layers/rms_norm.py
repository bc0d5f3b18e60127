"""rms_norm: division of each sample by its root mean square over the last axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, shape
from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Normalise,
    Shape,
    ShapeError,
    show,
)
from spec.records import record

EPSILON = 2.0**-23
"""The distance of 1 to the next number in float32."""


@register("rms_norm")
@record(frozen=True, kw_only=True)
class RMSNorm(Layer):
    """`x / sqrt(mean(x^2) + eps) * weight` over the last axes, as `torch.nn.RMSNorm`.

    By default over the last axis, and with the machine epsilon of float32 as `eps`. PyTorch takes
    that of the dtype that it computes in, which a description does not say.
    """

    normalized_shape: tuple[int, ...] = shape(default=None)
    eps: float | None = number(default=None, minimum=0)
    elementwise_affine: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        normalized = self.normalized_shape or shapes[0][-1:]
        if not normalized or shapes[0][len(shapes[0]) - len(normalized) :] != normalized:
            raise ShapeError(
                f"`normalized_shape` {list(normalized)} is not the end of {show(shapes[0])}"
            )
        eps = EPSILON if self.eps is None else self.eps
        return replace(self, normalized_shape=normalized, eps=eps)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        rank = len(self.normalized_shape)
        y = scope.apply(Normalise("rms", self.eps or 0.0, size=rank), x)
        if self.elementwise_affine:
            weight = scope.parameter("weight", self.normalized_shape, ("constant", 1.0))
            y = scope.multiply(y, weight, axis=-rank)
        return y
