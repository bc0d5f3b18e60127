"""local_response_norm: channels divided by what their neighbours are."""

from __future__ import annotations

from math import prod
from typing import Self

from spec.fields import number, size
from spec.layer import Layer, Scope, Value, register
from spec.layers.taking import padded
from spec.primitives import Elementwise, Reduce, Reshape, Shape, ShapeError, show
from spec.records import record


@register("local_response_norm")
@record(frozen=True, kw_only=True)
class LocalResponseNorm(Layer):
    """`x / (k + alpha mean(x^2))^beta`, the mean over `size` neighbouring channels.

    Channels beyond the first and the last are zero and count, as in `torch.nn.LocalResponseNorm`.
    """

    size: int = size(summary="how many channels, the own one in the middle")
    alpha: float = number(default=1e-4, summary="factor of the mean")
    beta: float = number(default=0.75, summary="the power")
    k: float = number(default=1.0, summary="what is added to the mean")

    def infer(self, *shapes: Shape) -> Self:
        if len(shapes[0]) < 2:
            raise ShapeError(
                f"`local_response_norm` needs [N, channels, space], got {show(shapes[0])}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        space = x.shape[1:]
        around = self.size // 2, (self.size - 1) // 2
        y = padded(scope, scope.function("square", x), 0, around, "constant")
        y = scope.apply(Reshape((1, y.shape[0], prod(space))), y)
        y = scope.apply(Reduce("mean", (self.size, 1), (1, 1), (0, 0)), y)
        y = scope.function("scale_by", scope.apply(Reshape(x.shape), y), factor=self.alpha)
        y = scope.function(
            "power", scope.function("shift_by", y, value=self.k), exponent=-self.beta
        )
        return scope.apply(Elementwise("multiply"), x, y)
