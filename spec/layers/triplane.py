"""triplane: features of places in space, from three planes of parameters."""

from __future__ import annotations

from spec.fields import choice, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Concat,
    Elementwise,
    Lookup,
    ShapeError,
    Slice,
    show,
)
from spec.records import record


@register("triplane")
@record(frozen=True, kw_only=True)
class Triplane(Layer):
    """Features of places in space from three grids of parameters (Chan et al. 2022, section 3).

    A place is projected to the planes xy, xz and yz; what it finds there is combined.
    """

    features: int = size()
    resolution: int = size()
    reduction: str = choice(("sum", "product", "concat"), default="sum")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if not x.shape or x.shape[-1] != 3:
            shown = show(x.shape)
            raise ShapeError(f"`triplane` needs 3 coordinates on the last axis, got {shown}")
        last = len(x.shape) - 1
        coordinates = [scope.apply(Slice(last, i, i + 1), x) for i in range(3)]
        found = []
        for name, first, second in (("xy", 0, 1), ("xz", 0, 2), ("yz", 1, 2)):
            plane = (self.features, self.resolution, self.resolution)
            weight = scope.parameter(name, plane, ("uniform", 1.0))
            places = scope.apply(Concat(last), coordinates[first], coordinates[second])
            found.append(scope.apply(Lookup("grid"), places, tensors=(weight,)))
        if self.reduction == "concat":
            return scope.apply(Concat(last), *found)
        return scope.apply(Elementwise("add" if self.reduction == "sum" else "multiply"), *found)
