"""transpose: two axes in exchanged places."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Shape, Transpose
from spec.records import record


@register("transpose")
@record(frozen=True, kw_only=True)
class SwapAxes(Layer):
    """Exchange the axes `dim0` and `dim1`, counted with the batch, as `torch.transpose`."""

    dim0: int = axis()
    dim1: int = axis()

    def infer(self, *shapes: Shape) -> Self:
        dim0, dim1 = (positive(f, getattr(self, f), shapes[0]) for f in ("dim0", "dim1"))
        return replace(self, dim0=dim0, dim1=dim1)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        order = list(range(len(x.shape)))
        first, second = self.dim0 - 1, self.dim1 - 1
        order[first], order[second] = second, first
        return scope.apply(Transpose(tuple(order)), x)
