"""grid_encoding: features of places, from a grid of parameters."""

from __future__ import annotations

from spec.fields import shape, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Lookup,
)
from spec.records import record


@register("grid_encoding")
@record(frozen=True, kw_only=True)
class GridEncoding(Layer):
    """Features interpolated linearly in a grid over [-1, 1] in 1, 2 or 3 dimensions."""

    features: int = size()
    cells: tuple[int, ...] = shape()

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        weight = scope.parameter("weight", (self.features, *self.cells), ("uniform", 1e-4))
        return scope.apply(Lookup("grid"), *inputs, tensors=(weight,))
