"""Contract: a matrix product along the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show


@dataclass(frozen=True)
class Contract(Primitive):
    """`y[..., o] = sum_i x[..., i] W[o, i]`, with the parameter `W` of shape `[out, in]`."""

    name: ClassVar[str] = "contract"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,), (weight,) = inputs, parameters
        if not x or x[-1] != weight[1]:
            raise ShapeError(
                f"a matrix product needs {weight[1]} features on the last axis, got {show(x)}"
            )
        return (*x[:-1], weight[0])

    def channel_axis(self, rank: int) -> int | None:
        return rank - 1
