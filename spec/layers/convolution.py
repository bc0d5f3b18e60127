"""What convolutions of every dimension share: their fields' meaning and their expansion."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Self

from spec.fields import choice, flag, size
from spec.layer import Layer, Scope, Value, agree
from spec.layers.padding import Side, meant
from spec.layers.taking import padded
from spec.primitives import RefusalError, Shape, ShapeError, Window, show
from spec.records import record


@record(frozen=True, kw_only=True)
class Convolution(Layer):
    """A convolution, as `torch.nn.Conv1d` and its siblings.

    `padding` is a number for each axis, a pair `[before, behind]`, or `same` (as many positions as
    items, by a stride the fewest that reach all, as in Keras), `valid` (none) or `causal` (all in
    front, over one axis).
    """

    in_channels: int | None = size(default=None)
    out_channels: int = size()
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[Side, ...] | str
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
        return replace(self, in_channels=channels, padding=self._sides(shapes[0][1:]))

    def _sides(self, space: Shape) -> tuple[Side, ...]:
        """Give the padding of each axis by numbers."""
        if not isinstance(self.padding, str):
            return self.padding
        if self.padding == "causal" and len(space) > 1:
            raise RefusalError(
                f"`padding` 'causal' is for one axis, got {len(space)}: give pairs [before, behind]"
            )
        rows = zip(space, self.kernel_size, self.stride, self.dilation, strict=True)
        return tuple(meant(self.padding, *row) for row in rows)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        per_group = x.shape[0] // self.groups
        initial = ("uniform", (per_group * prod(self.kernel_size)) ** -0.5)
        weight = scope.parameter(
            "weight", (self.out_channels, per_group, *self.kernel_size), initial
        )
        sides = self._sides(x.shape[1:])
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        for axis, side in enumerate(sides):
            if isinstance(side, tuple):
                x = padded(scope, x, axis + 1, side, mode)
        both = tuple(0 if isinstance(side, tuple) else side for side in sides)
        window = Window(self.stride, both, self.dilation, self.groups, self.padding_mode)
        y = scope.apply(window, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_channels,), initial), axis=0)
        return y
