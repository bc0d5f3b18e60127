"""unfold: the windows of an image, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Self

from spec.fields import sizes
from spec.layer import Layer, Scope, Value, register
from spec.layers.taking import taken
from spec.primitives import Reshape, Shape, ShapeError, Transpose, show
from spec.primitives.take import BEYOND
from spec.primitives.window import extent


@register("unfold")
@dataclass(frozen=True, kw_only=True)
class Unfold(Layer):
    """The windows of `[N, channels, height, width]` as `[N, channels * window, windows]`.

    As `torch.nn.Unfold`: what a convolution of this `kernel_size` multiplies with its weight.
    """

    kernel_size: tuple[int, ...] = sizes(2)
    dilation: tuple[int, ...] = sizes(2, default=1)
    padding: tuple[int, ...] = sizes(2, default=0, minimum=0)
    stride: tuple[int, ...] = sizes(2, default=1)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) != 3:
            raise ShapeError(f"`unfold` needs [N, channels, height, width], got {show(x)}")
        if min(self._counts(x)) < 1:
            raise ShapeError(f"a window of {list(self.kernel_size)} does not fit into {show(x)}")
        return self

    def _counts(self, shape: Shape) -> tuple[int, ...]:
        rows = zip(
            shape[1:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        )
        return tuple(extent(*row) for row in rows)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        channels, counts = x.shape[0], self._counts(x.shape)
        for axis, count in enumerate(counts):
            size = x.shape[axis + 1]
            places = [
                window * self.stride[axis] + tap * self.dilation[axis] - self.padding[axis]
                for tap in range(self.kernel_size[axis])
                for window in range(count)
            ]
            x = taken(scope, x, axis + 1, [BEYOND["constant"](place, size) for place in places])
        (rows, columns), (height, width) = self.kernel_size, counts
        x = scope.apply(Reshape((channels, rows, height, columns, width)), x)
        x = scope.apply(Transpose((0, 1, 3, 2, 4)), x)
        return scope.apply(Reshape((channels * prod(self.kernel_size), height * width)), x)
