"""Window: a convolution over one or more spatial axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show


@dataclass(frozen=True)
class Window(Primitive):
    """A convolution (cross-correlation) with zero borders, one entry per spatial axis.

    The input has shape `[channels, *space]`, the parameter `[out, channels / groups, *kernel]`.
    """

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    name: ClassVar[str] = "window"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,), (weight,) = inputs, parameters
        dims = len(self.stride)
        if len(x) != dims + 1:
            raise ShapeError(
                f"a {dims}-dimensional convolution needs an input of {dims + 2} axes "
                f"(batch, channels, {'space' if dims == 1 else f'{dims} of space'}), got {show(x)}"
            )
        if x[0] != weight[1] * self.groups:
            raise ShapeError(
                f"the convolution expects {weight[1] * self.groups} input channels, got {show(x)}"
            )
        space = tuple(
            extent(n, k, s, p, d)
            for n, k, s, p, d in zip(
                x[1:], weight[2:], self.stride, self.padding, self.dilation, strict=True
            )
        )
        if min(space) < 1:
            raise ShapeError(
                f"a kernel of {list(weight[2:])} (dilation {list(self.dilation)}, padding "
                f"{list(self.padding)}) does not fit into {show(x)}"
            )
        return (weight[0], *space)

    def channel_axis(self, rank: int) -> int | None:
        return 0


def extent(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Count the positions of a sliding window along one axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
