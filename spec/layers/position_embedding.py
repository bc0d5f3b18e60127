"""position_embedding: a learned vector for each place of a sequence, added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from spec.fields import size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise, Learned, Shape, ShapeError, Slice, show


@register("position_embedding")
@dataclass(frozen=True, kw_only=True)
class PositionEmbedding(Layer):
    """`y_t = x_t + weight_t` with one vector for each of `max_length` places of a sequence."""

    max_length: int | None = size(default=None)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) != 2:
            raise ShapeError(f"`position_embedding` needs [N, length, features], got {show(x)}")
        most = self.max_length or x[0]
        if most < x[0]:
            raise ShapeError(f"`max_length` is {most}, but the input {show(x)} has {x[0]} places")
        return replace(self, max_length=most)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        length, features = x.shape
        most = self.max_length or length
        weight = scope.parameter("weight", (most, features), ("normal", 0.02))
        if most == length:
            return scope.add(x, weight, axis=0)
        table = scope.apply(Learned(), x, tensors=(weight,))
        return scope.apply(Elementwise("add"), x, scope.apply(Slice(0, 0, length), table))
