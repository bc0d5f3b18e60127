"""lora_linear: an affine map with a low-rank adapter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from spec.fields import flag, number, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Elementwise,
    Shape,
    ShapeError,
    matrix_product,
    show,
)


@register("lora_linear")
@dataclass(frozen=True, kw_only=True)
class LoraLinear(Layer):
    """`y = x W^T + b + alpha / rank x A^T B^T` (Hu et al. 2021, section 4.1)."""

    in_features: int | None = size(default=None)
    out_features: int = size()
    rank: int = size()
    alpha: float = number(default=1.0)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        if not shapes[0]:
            raise ShapeError(f"`lora_linear` needs an axis of features, got {show(shapes[0])}")
        return replace(self, in_features=agree("in_features", self.in_features, shapes[0][-1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        features = x.shape[-1]
        initial = ("uniform", features**-0.5)
        product = matrix_product(len(x.shape))
        weight = scope.parameter("weight", (self.out_features, features), initial)
        y = scope.apply(product, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_features,), initial), axis=-1)
        down = scope.parameter("lora_A", (self.rank, features), initial)
        up = scope.parameter("lora_B", (self.out_features, self.rank), ("constant", 0.0))
        low = scope.apply(product, x, tensors=(down,))
        adapted = scope.apply(product, low, tensors=(up,))
        factor = (("factor", self.alpha / self.rank),)
        scaled = scope.apply(Elementwise("scale_by", factor), adapted)
        return scope.apply(Elementwise("add"), y, scaled)
