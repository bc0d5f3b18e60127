"""linear: an affine map of the last axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Shape, ShapeError, matrix_product, show
from spec.records import record


@register("linear")
@record(frozen=True, kw_only=True)
class Linear(Layer):
    """`y = x W^T + b` along the last axis, as `torch.nn.Linear`.

    W begins uniform between plus and minus `init_bound`, `1 / sqrt(in_features)` by default.
    """

    in_features: int | None = size(default=None)
    out_features: int = size()
    bias: bool = flag(default=True)
    init_bound: float | None = number(default=None, minimum=0)

    def infer(self, *shapes: Shape) -> Self:
        if not shapes[0]:
            raise ShapeError(f"`linear` needs an axis of features, got {show(shapes[0])}")
        return replace(self, in_features=agree("in_features", self.in_features, shapes[0][-1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        features = x.shape[-1]
        initial = ("uniform", features**-0.5)
        bound = initial if self.init_bound is None else ("uniform", self.init_bound)
        weight = scope.parameter("weight", (self.out_features, features), bound)
        y = scope.apply(matrix_product(len(x.shape)), x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_features,), initial), axis=-1)
        return y
