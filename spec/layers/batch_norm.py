"""batch_norm: normalisation by running statistics of each channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, channels, register
from spec.primitives import Normalise, Shape
from spec.records import record


@register("batch_norm")
@record(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """`(x - mean) / sqrt(var + eps) * weight + bias` by channel, as `torch.nn.BatchNorm{1,2,3}d`.

    Its dimension is that of the input: `[N, channels]` or `[N, channels, *space]`.
    """

    num_features: int | None = size(default=None)
    eps: float = number(default=1e-5, minimum=0)
    momentum: float = number(default=0.1, minimum=0)
    affine: bool = flag(default=True)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        count = channels(self.type, shapes[0])
        return replace(self, num_features=agree("num_features", self.num_features, count))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        size = x.shape[:1]
        if self.affine:
            weight = scope.parameter("weight", size, ("constant", 1.0))
            if self.bias:
                bias = scope.parameter("bias", size, ("constant", 0.0))
        statistics = (
            scope.buffer("running_mean", size, 0.0),
            scope.buffer("running_var", size, 1.0),
            scope.buffer("num_batches_tracked", (), 0, dtype="int64"),
        )
        primitive = Normalise("batch", self.eps, momentum=self.momentum)
        y = scope.apply(primitive, x, tensors=statistics)
        if self.affine:
            y = scope.multiply(y, weight, axis=0)
            if self.bias:
                y = scope.add(y, bias, axis=0)
        return y
