"""fourier_features: waves of learned or fixed frequencies over places."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Concat, Elementwise, Shape, ShapeError, matrix_product, show
from spec.records import record


@register("fourier_features")
@record(frozen=True, kw_only=True)
class FourierFeatures(Layer):
    """`[sin(2 pi x W^T), cos(2 pi x W^T)]` (Tancik et al. 2020, eq. 5).

    W begins normal with the standard deviation `scale`; it is a buffer unless `trainable`.
    """

    in_features: int | None = size(default=None)
    frequencies: int = size()
    scale: float = number(default=1.0, minimum=0)
    trainable: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        if not shapes[0]:
            raise ShapeError(f"`fourier_features` needs an axis of places, got {show(shapes[0])}")
        return replace(self, in_features=agree("in_features", self.in_features, shapes[0][-1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        rank = len(x.shape)
        shape = (self.frequencies, x.shape[-1])
        weight = scope.tensor("weight", shape, ("normal", self.scale), self.trainable)
        phase = scope.apply(matrix_product(rank), x, tensors=(weight,))
        waves = [
            scope.apply(Elementwise(wave, (("frequency", 2 * math.pi),)), phase)
            for wave in ("sine", "cosine")
        ]
        return scope.apply(Concat(rank - 1), *waves)
