"""permute: the axes in another order."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axes
from spec.layer import Layer, Scope, Value, register
from spec.primitives import RefusalError, Shape, Transpose, show
from spec.records import record


@register("permute")
@record(frozen=True, kw_only=True)
class Permute(Layer):
    """Axis `i` is axis `dims[i]` of the input, counted with the batch (0), as `torch.permute`."""

    dims: tuple[int, ...] = axes()

    def infer(self, *shapes: Shape) -> Self:
        rank = len(shapes[0]) + 1
        dims = tuple(d + rank if d < 0 else d for d in self.dims)
        if sorted(dims) != list(range(rank)) or dims[0] != 0:
            raise RefusalError(
                f"`dims` {list(self.dims)} is not 0, the batch axis of {show(shapes[0])}, and "
                f"then the axes 1 to {rank - 1} in any order"
            )
        return replace(self, dims=dims)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Transpose(tuple(d - 1 for d in self.dims[1:])), *inputs)
