"""upsample: space made larger by interpolation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from spec.fields import choice, flag, shape
from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Resample,
    Shape,
    ShapeError,
    show,
)


@register("upsample")
@dataclass(frozen=True, kw_only=True)
class Upsample(Layer):
    """Interpolate `[N, channels, *space]` by `scale_factor`, as `torch.nn.Upsample`.

    `linear` is bilinear in two dimensions and trilinear in three.
    """

    scale_factor: tuple[int, ...] = shape()
    mode: str = choice(("nearest", "linear"), default="nearest")
    align_corners: bool = flag(default=False)

    def infer(self, *shapes: Shape) -> Self:
        space = shapes[0][1:]
        if not 1 <= len(space) <= 3:
            raise ShapeError(f"`upsample` needs 1 to 3 axes of space, got {show(shapes[0])}")
        factors = self.scale_factor
        if len(factors) not in (1, len(space)):
            raise ShapeError(f"{len(factors)} factors do not fit the space of {show(shapes[0])}")
        return replace(self, scale_factor=factors * len(space) if len(factors) == 1 else factors)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        goal = tuple(n * by for n, by in zip(x.shape[1:], self.scale_factor, strict=True))
        return scope.apply(Resample(self.mode, goal, self.align_corners), x)
