"""position_embedding: a learned vector for each place of a sequence, added."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise, Learned, Reshape, Shape, ShapeError, Slice, show
from spec.records import record


@register("position_embedding")
@record(frozen=True, kw_only=True)
class PositionEmbedding(Layer):
    """`y_t = x_t + weight_(t + offset)`, of `max_length` vectors, one for each place of a sequence.

    The input is `[N, ..., length, features]`; by default there are as many vectors as it needs.
    """

    max_length: int | None = size(default=None, summary="vectors in the table")
    offset: int = size(default=0, minimum=0, summary="the vector of the first place")

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) < 2:
            raise ShapeError(
                f"`position_embedding` needs [N, ..., length, features], got {show(x)}"
            )
        needed = x[-2] + self.offset
        most = self.max_length or needed
        if most < needed:
            behind = f" from {self.offset} on" if self.offset else ""
            raise ShapeError(
                f"`max_length` is {most}, but the input {show(x)} has {x[-2]} places{behind}"
            )
        return replace(self, max_length=most)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        *before, length, features = x.shape
        most = self.max_length or length
        weight = scope.parameter("weight", (most, features), ("normal", 0.02))
        if most == length:
            return scope.add(x, weight, axis=len(before))
        table = scope.apply(Learned(), x, tensors=(weight,))
        used = scope.apply(Slice(0, self.offset, self.offset + length), table)
        if before:
            used = scope.apply(Reshape((*(1 for _ in before), length, features)), used)
        return scope.apply(Elementwise("add"), x, used)
