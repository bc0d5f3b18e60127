"""hash_encoding: features of places, from hashed grids of growing resolution."""

from __future__ import annotations

from math import floor

from spec.fields import number, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Concat, Lookup, RefusalError
from spec.primitives.primitive import MAX_ELEMENTS
from spec.records import record


@register("hash_encoding")
@record(frozen=True, kw_only=True)
class HashEncoding(Layer):
    """Features from grids of growing resolution with hashed entries (Mueller et al. 2022, eq. 4).

    Level l has `floor(base_resolution * growth ** l)` intervals along each axis.
    """

    levels: int = size(default=4, maximum=1000)
    features: int = size(default=2)
    table_size: int = size(default=1024)
    base_resolution: int = size(default=4)
    growth: float = number(default=2.0, minimum=1)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        found = []
        for level in range(self.levels):
            resolution = self._resolution(level)
            table = (self.table_size, self.features)
            weight = scope.parameter(f"weight_{level}", table, ("uniform", 1e-4))
            found.append(scope.apply(Lookup("hash", resolution), *inputs, tensors=(weight,)))
        return found[0] if len(found) == 1 else scope.apply(Concat(len(found[0].shape) - 1), *found)

    def _resolution(self, level: int) -> int:
        try:
            resolution = floor(self.base_resolution * self.growth**level)
        except OverflowError:
            resolution = MAX_ELEMENTS + 1
        if resolution > MAX_ELEMENTS:
            raise RefusalError(
                f"level {level} has more than 2^63 - 1 intervals: less `growth` or fewer `levels`"
            )
        return resolution
