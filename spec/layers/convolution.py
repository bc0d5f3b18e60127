"""What convolutions of every dimension share: their fields' meaning and their expansion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Self

from spec.fields import choice, flag, size
from spec.layer import Layer, Scope, Value, agree
from spec.primitives import Shape, ShapeError, Window, show


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """A convolution, as `torch.nn.Conv1d` and its siblings."""

    in_channels: int | None = size(default=None)
    out_channels: int = size()
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = size(default=1)
    bias: bool = flag(default=True)
    padding_mode: str = choice(("zeros", "reflect", "replicate", "circular"), default="zeros")

    def infer(self, *shapes: Shape) -> Self:
        if len(shapes[0]) != len(self.kernel_size) + 1:
            raise ShapeError(
                f"`{self.type}` needs an input of {len(self.kernel_size) + 2} axes "
                f"(batch, channels, space), got {show(shapes[0])}"
            )
        channels = agree("in_channels", self.in_channels, shapes[0][0])
        for field, count in (("in_channels", channels), ("out_channels", self.out_channels)):
            if count % self.groups:
                raise ShapeError(f"`{field}` {count} does not divide into {self.groups} groups")
        return replace(self, in_channels=channels)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        per_group = x.shape[0] // self.groups
        initial = ("uniform", (per_group * prod(self.kernel_size)) ** -0.5)
        weight = scope.parameter(
            "weight", (self.out_channels, per_group, *self.kernel_size), initial
        )
        window = Window(self.stride, self.padding, self.dilation, self.groups, self.padding_mode)
        y = scope.apply(window, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_channels,), initial), axis=0)
        return y
