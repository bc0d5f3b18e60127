"""reshape: the same elements in another shape."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Self

from spec.fields import with_unknown
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Reshape, Shape, ShapeError, show
from spec.records import record


@register("reshape")
@record(frozen=True, kw_only=True)
class ChangeShape(Layer):
    """The same elements in row-major order in `shape`, without the batch; one -1 is inferred."""

    shape: tuple[int, ...] = with_unknown()

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if -1 not in self.shape:
            return self
        known = prod(n for n in self.shape if n != -1)
        if prod(x) % known:
            raise ShapeError(
                f"the {prod(x)} elements of {show(x)} do not divide by {known}: no size in the "
                f"place of -1 makes `shape` {list(self.shape)} fit"
            )
        return replace(self, shape=tuple(prod(x) // known if n == -1 else n for n in self.shape))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Reshape(self.shape), *inputs)
