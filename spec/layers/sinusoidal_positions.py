"""sinusoidal_positions: fixed waves over the place in a sequence, added."""

from __future__ import annotations

from spec.fields import number
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Sinusoid
from spec.records import record


@register("sinusoidal_positions")
@record(frozen=True, kw_only=True)
class SinusoidalPositions(Layer):
    """Add `sin` and `cos` of `place * base ** (-2 i / features)` (Vaswani et al. 2017)."""

    base: float = number(default=10000.0, minimum=1e-12)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Sinusoid(self.base), *inputs)
