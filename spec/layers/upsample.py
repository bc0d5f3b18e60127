"""upsample: space made larger or smaller by interpolation."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Self, TypeVar

from spec.fields import choice, factors, flag, shape
from spec.layer import Layer, Scope, Value, register
from spec.primitives import RefusalError, Resample, Shape, ShapeError, show
from spec.records import record

Number = TypeVar("Number", int, float)

DIMENSIONS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""The modes that mix positions, and how many axes of space each is for."""

FITTING = {1: "'linear'", 2: "'bilinear' or 'bicubic'", 3: "'trilinear'"}


@register("upsample")
@record(frozen=True, kw_only=True)
class Upsample(Layer):
    """Interpolate `[N, channels, *space]` to `size` or by `scale_factor`, as `torch.nn.Upsample`.

    A `scale_factor` may be any positive number, and sizes may be smaller: n items become
    floor(n * `scale_factor`).
    """

    size: tuple[int, ...] | None = shape(default=None)
    scale_factor: tuple[float, ...] | None = factors(default=None)
    mode: str = choice(("nearest", "nearest-exact", *DIMENSIONS), default="nearest")
    align_corners: bool | None = flag(default=None)

    def infer(self, *shapes: Shape) -> Self:
        space = shapes[0][1:]
        if not 1 <= len(space) <= 3:
            raise RefusalError(f"`upsample` needs 1 to 3 axes of space, got {show(shapes[0])}")
        if (self.scale_factor is None) == (self.size is None):
            raise ShapeError("`upsample` needs either `scale_factor` or `size`")
        if DIMENSIONS.get(self.mode, len(space)) != len(space):
            raise ShapeError(
                f"the mode {self.mode!r} is for {DIMENSIONS[self.mode]} axes of space, got "
                f"{show(shapes[0])}: take {FITTING[len(space)]}, or 'nearest'"
            )
        if self.align_corners is not None and self.mode not in DIMENSIONS:
            raise ShapeError(f"`align_corners` is for the modes {', '.join(DIMENSIONS)}, got the "
                             f"mode {self.mode!r}")  # fmt: skip
        given = self.scale_factor or self.size or ()
        if len(given) not in (1, len(space)):
            raise ShapeError(f"{len(given)} numbers do not fit the space of {show(shapes[0])}")
        if min(self._goal(space)) < 1:
            raise ShapeError(f"`scale_factor` {list(given)} leaves nothing of {show(shapes[0])}")
        if self.size is not None:
            return replace(self, size=spelled(self.size, space))
        return replace(self, scale_factor=spelled(self.scale_factor or (), space))

    def _goal(self, space: Shape) -> tuple[int, ...]:
        if self.size is not None:
            return spelled(self.size, space)
        by = spelled(self.scale_factor or (), space)
        return tuple(math.floor(n * factor) for n, factor in zip(space, by, strict=True))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        space = x.shape[1:]
        goal, by = self._goal(space), spelled(self.scale_factor or (), space)
        rounded = any(n * f != size for n, f, size in zip(space, by, goal, strict=False))
        mode = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}
        corners = bool(self.align_corners)
        scale = tuple(map(float, by)) if rounded and not corners else ()
        return scope.apply(Resample(mode.get(self.mode, self.mode), goal, corners, scale), x)


def spelled(given: tuple[Number, ...], space: Shape) -> tuple[Number, ...]:
    """Give a number for each axis of space."""
    return given * len(space) if len(given) == 1 else given
