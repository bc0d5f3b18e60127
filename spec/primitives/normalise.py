"""Normalise: subtract a mean and divide by a standard deviation."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Normalise(Primitive):
    """`(x - mean) / sqrt(variance + eps)`, with statistics of one of these kinds.

    - `batch`: running statistics of each channel, from the buffers `running_mean` and
      `running_var`, updated with `momentum` while training (`num_batches_tracked` counts).
    - `layer`: of each sample over its last `size` axes.
    - `group`: of each sample over `size` groups of adjacent channels and all positions.
    - `instance`: of each sample and channel over all positions; with running statistics, those.
    - `rms`: `x / sqrt(mean(x^2) + eps)` over the last `size` axes.
    - `softmax`: `exp(x) / sum(exp(x))` over the last axis; `eps` is 0.
    """

    statistics: str
    eps: float
    size: int = 1
    momentum: float = 0.1
    name: ClassVar[str] = "normalise"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if parameters and x[0] != parameters[0][0]:
            raise ShapeError(f"statistics of {parameters[0][0]} channels do not fit {show(x)}")
        if self.statistics == "group" and x[0] % self.size:
            raise ShapeError(
                f"{x[0]} channels do not divide into {self.size} groups, got {show(x)}"
            )
        if self.statistics in ("layer", "rms", "softmax") and self.size > len(x):
            raise ShapeError(f"{self.size} axes to normalise, got {show(x)}")
        return x

    def channel_axis(self, rank: int) -> int | None:
        return None if self.statistics in ("layer", "rms", "softmax") else 0
