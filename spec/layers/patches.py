"""patches: an image cut into patches, one token each."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Self

from spec.fields import flag, size, sizes
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Reshape, Shape, ShapeError, Transpose, Window, show
from spec.records import record


@register("patches")
@record(frozen=True, kw_only=True)
class Patches(Layer):
    """A linear map of each patch of an image, as `[N, tokens, embed_dim]` (Dosovitskiy 2021)."""

    in_channels: int | None = size(default=None)
    embed_dim: int = size()
    patch_size: tuple[int, ...] = sizes(2)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) != 3:
            raise ShapeError(f"`patches` needs [N, channels, height, width], got {show(x)}")
        if any(n % patch for n, patch in zip(x[1:], self.patch_size, strict=True)):
            raise ShapeError(
                f"{show(x)} does not divide into patches of {list(self.patch_size)}: change "
                "`patch_size` or the input"
            )
        return replace(self, in_channels=agree("in_channels", self.in_channels, x[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        initial = ("uniform", (x.shape[0] * prod(self.patch_size)) ** -0.5)
        sizes = (self.embed_dim, x.shape[0], *self.patch_size)
        weight = scope.parameter("weight", sizes, initial)
        window = Window(stride=self.patch_size, padding=(0, 0), dilation=(1, 1))
        y = scope.apply(window, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", sizes[:1], initial), axis=0)
        y = scope.apply(Reshape((self.embed_dim, prod(y.shape[1:]))), y)
        return scope.apply(Transpose((1, 0)), y)
