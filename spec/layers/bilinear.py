"""bilinear: a product of two values, weighted for each pair of their features."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import flag, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Contract, Shape, ShapeError, show
from spec.records import record

LEADING = "abcdefgh"


@register("bilinear")
@record(frozen=True, kw_only=True)
class Bilinear(Layer):
    """`y_o = x1^T W_o x2 + b_o` along the last axes of two inputs, as `torch.nn.Bilinear`."""

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    in1_features: int | None = size(default=None)
    in2_features: int | None = size(default=None)
    out_features: int = size()
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        first, second = shapes
        fits = len(first) == len(second) and first[:-1] == second[:-1]
        if not first or not fits or len(first) > len(LEADING):
            raise ShapeError(
                "`bilinear` needs two inputs that agree on all axes but the last, got "
                f"{show(first)} and {show(second)}"
            )
        return replace(
            self,
            in1_features=agree("in1_features", self.in1_features, first[-1]),
            in2_features=agree("in2_features", self.in2_features, second[-1]),
        )

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        first, second = inputs
        sizes = (self.out_features, first.shape[-1], second.shape[-1])
        initial = ("uniform", sizes[1] ** -0.5)
        weight = scope.parameter("weight", sizes, initial)
        a = LEADING[: len(first.shape) - 1]
        pairs = scope.apply(Contract(f"{a}i,{a}j->{a}ij", values=2), first, second)
        y = scope.apply(Contract(f"{a}ij,oij->{a}o"), pairs, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", sizes[:1], initial), axis=-1)
        return y
