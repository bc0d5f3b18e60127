"""normalize: vectors of length one."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axes, number
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Elementwise, Reduce, Shape, ShapeError
from spec.records import record


@register("normalize")
@record(frozen=True, kw_only=True)
class Normalize(Layer):
    """`x / max(|x|_p, eps)` with the p-norm over the axes `dim`, counted with the batch."""

    p: float = number(default=2.0, minimum=0, summary="which norm: 2 is the Euclidean one")
    dim: tuple[int, ...] = axes(default=(1,))
    eps: float = number(default=1e-12, minimum=0, summary="the least length")

    def infer(self, *shapes: Shape) -> Self:
        if not self.p:
            raise ShapeError("`p` is 0, expected a positive number")
        dim = tuple(sorted(positive("dim", d, shapes[0]) for d in self.dim))
        if len(set(dim)) < len(dim):
            raise ShapeError(f"`dim` {list(self.dim)} names an axis twice")
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        over = Reduce("sum", axes=tuple(d - 1 for d in self.dim), keepdim=True)
        if self.p == 2:
            total = scope.apply(over, scope.function("square", x))
            inverse = scope.function("rsqrt", scope.function("clamp", total, min=self.eps**2))
            return scope.apply(Elementwise("multiply"), x, inverse)
        size = scope.function("abs", x)
        if self.p != 1:
            size = scope.function("power", size, exponent=self.p)
        total = scope.apply(over, size)
        if self.p != 1:
            total = scope.function("power", total, exponent=1 / self.p)
        inverse = scope.function("reciprocal", scope.function("clamp", total, min=self.eps))
        return scope.apply(Elementwise("multiply"), x, inverse)
