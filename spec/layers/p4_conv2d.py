"""p4_conv2d and p4m_conv2d: convolutions that know quarter turns, and mirrorings."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar, Self

from spec.fields import flag, size, sizes
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Shape,
    ShapeError,
    Window,
    show,
)
from spec.records import record


@record(frozen=True, kw_only=True)
class TurningConvolution(Layer):
    """A convolution with a square kernel in all its orientations (Cohen & Welling 2016).

    Lifts `[N, channels, height, width]`, or takes `[N, channels, orientations, height, width]`;
    gives the latter. Equations 10 and 11 of the paper; one bias for each channel.
    """

    symmetry: ClassVar[str] = "p4"
    orientations: ClassVar[int] = 4
    in_channels: int | None = size(default=None)
    out_channels: int = size()
    kernel_size: int = size()
    stride: tuple[int, ...] = sizes(2, default=1)
    padding: tuple[int, ...] = sizes(2, default=0, minimum=0)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        if len(shapes[0]) not in (3, 4):
            raise ShapeError(
                f"`{self.type}` needs [N, channels, height, width] or [N, channels, "
                f"{self.orientations}, height, width], got {show(shapes[0])}"
            )
        return replace(self, in_channels=agree("in_channels", self.in_channels, shapes[0][0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        turned = (self.orientations,) * (len(x.shape) - 3)
        kernel = (*turned, self.kernel_size, self.kernel_size)
        initial = ("uniform", (x.shape[0] * prod(kernel)) ** -0.5)
        weight = scope.parameter("weight", (self.out_channels, x.shape[0], *kernel), initial)
        window = Window(self.stride, self.padding, (1, 1), symmetry=self.symmetry)
        y = scope.apply(window, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_channels,), initial), axis=0)
        return y


@register("p4_conv2d")
@record(frozen=True, kw_only=True)
class P4Conv2d(TurningConvolution):
    """A convolution that knows quarter turns (Cohen & Welling 2016, eq. 10 and 11)."""


@register("p4m_conv2d")
@record(frozen=True, kw_only=True)
class P4MConv2d(TurningConvolution):
    """A convolution that knows quarter turns and mirrorings (Cohen & Welling 2016)."""

    symmetry: ClassVar[str] = "p4m"
    orientations: ClassVar[int] = 8
