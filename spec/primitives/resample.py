"""Resample: space made larger or smaller by interpolation."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Resample(Primitive):
    """Interpolate x `[channels, *space]` to the spatial `size`, as `torch.nn.Upsample` does.

    `mode` is `nearest` or `nearest-exact` (the middle of each new item decides), `linear` (bilinear
    in two dimensions, trilinear in three) or `cubic` (of coefficient -0.75), axis by axis. `scale`
    has the ratio of distances in place of that of the sizes, where these are rounded.
    """

    mode: str
    size: tuple[int, ...]
    align_corners: bool = False
    scale: tuple[float, ...] = ()
    name: ClassVar[str] = "resample"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if len(x) != len(self.size) + 1:
            raise ShapeError(
                f"{len(self.size)}-dimensional interpolation needs an input of "
                f"{len(self.size) + 2} axes, got {show(x)}"
            )
        return (x[0], *self.size)

    def channel_axis(self, rank: int) -> int | None:
        return 0
