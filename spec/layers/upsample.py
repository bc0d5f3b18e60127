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
    """Interpolate `[N, channels, *space]` to `size` or by `scale_factor`, as `torch.nn.Upsample`.

    `linear` is bilinear in two dimensions and trilinear in three.
    """

    scale_factor: tuple[int, ...] | None = shape(default=None)
    size: tuple[int, ...] | None = shape(default=None)
    mode: str = choice(("nearest", "linear"), default="nearest")
    align_corners: bool = flag(default=False)

    def infer(self, *shapes: Shape) -> Self:
        space = shapes[0][1:]
        if not 1 <= len(space) <= 3:
            raise ShapeError(f"`upsample` needs 1 to 3 axes of space, got {show(shapes[0])}")
        if (self.scale_factor is None) == (self.size is None):
            raise ShapeError("`upsample` needs either `scale_factor` or `size`")
        given = self.scale_factor or self.size or ()
        if len(given) not in (1, len(space)):
            raise ShapeError(f"{len(given)} numbers do not fit the space of {show(shapes[0])}")
        spelled = given * len(space) if len(given) == 1 else given
        if self.size is not None:
            return replace(self, size=spelled)
        return replace(self, scale_factor=spelled)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        factors = self.scale_factor
        goal = self.size or ()
        if factors is not None:
            goal = tuple(n * by for n, by in zip(x.shape[1:], factors, strict=True))
        return scope.apply(Resample(self.mode, goal, self.align_corners), x)
