"""pixel_shuffle, pixel_unshuffle, channel_shuffle: channels moved into space, back, or around."""

from __future__ import annotations

from typing import Self

from spec.fields import size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Reshape, Shape, ShapeError, Transpose, show
from spec.records import record


def check_image(type_: str, shape: Shape) -> None:
    """Raise `ShapeError` for a shape without channels, height and width."""
    if len(shape) < 3:
        raise ShapeError(f"`{type_}` needs [N, ..., channels, height, width], got {show(shape)}")


def moved(scope: Scope, x: Value, cut: Shape, order: tuple[int, ...], joined: Shape) -> Value:
    """Cut the last axes of a value, put these into another order, and join them."""
    outer = x.shape[: len(x.shape) - 3]
    kept = tuple(range(len(outer)))
    x = scope.apply(Reshape((*outer, *cut)), x)
    x = scope.apply(Transpose((*kept, *(len(outer) + axis for axis in order))), x)
    return scope.apply(Reshape((*outer, *joined)), x)


@register("pixel_shuffle")
@record(frozen=True, kw_only=True)
class PixelShuffle(Layer):
    """Move channels into space: `[C r^2, H, W]` becomes `[C, H r, W r]`, r the `upscale_factor`."""

    upscale_factor: int = size()

    def infer(self, *shapes: Shape) -> Self:
        check_image(self.type, shapes[0])
        if shapes[0][-3] % self.upscale_factor**2:
            raise ShapeError(
                f"the {shapes[0][-3]} channels of {show(shapes[0])} do not divide by "
                f"`upscale_factor` squared, {self.upscale_factor**2}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        r, (channels, height, width) = self.upscale_factor, x.shape[-3:]
        out = channels // r**2
        cut = (out, r, r, height, width)
        return moved(scope, x, cut, (0, 3, 1, 4, 2), (out, height * r, width * r))


@register("pixel_unshuffle")
@record(frozen=True, kw_only=True)
class PixelUnshuffle(Layer):
    """Move space into channels: what `pixel_shuffle` of the same factor undoes."""

    downscale_factor: int = size()

    def infer(self, *shapes: Shape) -> Self:
        check_image(self.type, shapes[0])
        if any(n % self.downscale_factor for n in shapes[0][-2:]):
            raise ShapeError(
                f"the space of {show(shapes[0])} does not divide by `downscale_factor` "
                f"{self.downscale_factor}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        r, (channels, height, width) = self.downscale_factor, x.shape[-3:]
        cut = (channels, height // r, r, width // r, r)
        return moved(scope, x, cut, (0, 2, 4, 1, 3), (channels * r**2, height // r, width // r))


@register("channel_shuffle")
@record(frozen=True, kw_only=True)
class ChannelShuffle(Layer):
    """Deal channels out: the first of each of `groups` groups, then the second of each, ..."""

    groups: int = size()

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if not x or x[0] % self.groups:
            raise ShapeError(f"the channels of {show(x)} do not divide into {self.groups} `groups`")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        rest = x.shape[1:]
        order = (1, 0, *range(2, len(rest) + 2))
        y = scope.apply(Reshape((self.groups, x.shape[0] // self.groups, *rest)), x)
        return scope.apply(Reshape(x.shape), scope.apply(Transpose(order), y))
