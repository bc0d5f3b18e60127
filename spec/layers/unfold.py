"""unfold: the windows of an image, side by side."""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from math import prod
from typing import Self

from spec.fields import sizes
from spec.layer import Layer, Scope, Value, register
from spec.layers.taking import taken
from spec.primitives import Reshape, Shape, ShapeError, Transpose, show
from spec.primitives.take import NONE, Run, run_of
from spec.primitives.window import extent
from spec.records import record


@register("unfold")
@record(frozen=True, kw_only=True)
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
            starts = range(-self.padding[axis], size + self.padding[axis], self.dilation[axis])
            runs = (
                inside(range(start, start + count * self.stride[axis], self.stride[axis]), size)
                for start in starts[: self.kernel_size[axis]]
            )
            x = taken(scope, x, axis + 1, chain.from_iterable(runs))
        (rows, columns), (height, width) = self.kernel_size, counts
        x = scope.apply(Reshape((channels, rows, height, columns, width)), x)
        x = scope.apply(Transpose((0, 1, 3, 2, 4)), x)
        return scope.apply(Reshape((channels * prod(self.kernel_size), height * width)), x)


def inside(places: range, size: int) -> tuple[Run, Run, Run]:
    """Give the items at some places of an axis, which may begin before it and end behind it.

    >>> inside(range(-2, 8, 3), 4)
    ((-1, 1, 0), (1, 1, 3), (-1, 2, 0))
    """
    before = bisect_left(places, 0)
    behind = len(places) - bisect_left(places, size)
    kept = places[before : len(places) - behind]
    return (NONE, before, 0), run_of(kept), (NONE, behind, 0)
