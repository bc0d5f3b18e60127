"""set_linear: a linear map of a set that does not depend on the order of its items."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import choice, flag, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Elementwise, Reduce, Shape, ShapeError, matrix_product, show
from spec.records import record


@register("set_linear")
@record(frozen=True, kw_only=True)
class SetLinear(Layer):
    """`y_i = A x_i + B pool_j x_j + b` over the items of a set (Zaheer et al. 2017, eq. 4)."""

    in_features: int | None = size(default=None)
    out_features: int = size()
    pool: str = choice(("mean", "max", "sum"), default="mean")
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) != 2:
            raise ShapeError(f"`set_linear` needs [N, items, features], got {show(x)}")
        return replace(self, in_features=agree("in_features", self.in_features, x[1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        shape = (self.out_features, x.shape[1])
        initial = ("uniform", x.shape[1] ** -0.5)
        weight = scope.parameter("weight", shape, initial)
        pooled_weight = scope.parameter("pooled_weight", shape, initial)
        pooled = scope.apply(Reduce(self.pool, axes=(0,), keepdim=True), x)
        y = scope.apply(
            Elementwise("add"),
            scope.apply(matrix_product(2), x, tensors=(weight,)),
            scope.apply(matrix_product(2), pooled, tensors=(pooled_weight,)),
        )
        if self.bias:
            y = scope.add(y, scope.parameter("bias", shape[:1], initial), axis=-1)
        return y
