"""instance_norm: normalisation of each channel of each sample over its positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Normalise,
    Shape,
    ShapeError,
    show,
)
from spec.records import record


@register("instance_norm")
@record(frozen=True, kw_only=True)
class InstanceNorm(Layer):
    """`(x - mean) / sqrt(var + eps)` by channel and sample, as `torch.nn.InstanceNorm{1,2,3}d`.

    With `track_running_stats` the running statistics are used once it is trained.
    """

    num_features: int | None = size(default=None)
    eps: float = number(default=1e-5, minimum=0)
    momentum: float = number(default=0.1, minimum=0)
    affine: bool = flag(default=False)
    track_running_stats: bool = flag(default=False)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        if len(shapes[0]) < 2:
            raise ShapeError(f"`instance_norm` needs [N, channels, space], got {show(shapes[0])}")
        return replace(self, num_features=agree("num_features", self.num_features, shapes[0][0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        channels = x.shape[:1]
        if self.affine:
            weight = scope.parameter("weight", channels, ("constant", 1.0))
            if self.bias:
                bias = scope.parameter("bias", channels, ("constant", 0.0))
        primitive = Normalise("instance", self.eps, momentum=self.momentum)
        if self.track_running_stats:
            mean = scope.buffer("running_mean", channels, 0.0)
            variance = scope.buffer("running_var", channels, 1.0)
            count = scope.buffer("num_batches_tracked", (), 0, dtype="int64")
            y = scope.apply(primitive, x, tensors=(mean, variance, count))
        else:
            y = scope.apply(primitive, x)
        if self.affine:
            y = scope.multiply(y, weight, axis=0)
            if self.bias:
                y = scope.add(y, bias, axis=0)
        return y
