"""flatten: merge adjacent axes into one."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Reshape, Shape, ShapeError, show
from spec.records import record


@register("flatten")
@record(frozen=True, kw_only=True)
class Flatten(Layer):
    """Merge the axes `start_dim` to `end_dim`, counted with the batch, as `torch.nn.Flatten`."""

    start_dim: int = axis(default=1)
    end_dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        rank = len(shapes[0]) + 1
        start, end = (d + rank if d < 0 else d for d in (self.start_dim, self.end_dim))
        if not 1 <= start <= end < rank:
            raise ShapeError(
                f"axes {self.start_dim} to {self.end_dim} cannot be merged in {show(shapes[0])}"
                + ("; the batch axis stays" if start < 1 else "")
            )
        return replace(self, start_dim=start, end_dim=end)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        start, end = self.start_dim - 1, self.end_dim
        target = (*x.shape[:start], prod(x.shape[start:end]), *x.shape[end:])
        return scope.apply(Reshape(target), x)
