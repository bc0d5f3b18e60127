"""dropout: random zeros while training, nothing otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from spec.fields import FieldError, Kind, declare, number_kind
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise


def _probability(value: object) -> object:
    p = number_kind(0.0).convert(value)
    if not isinstance(p, float) or p >= 1:
        raise FieldError(f"expected a probability below 1, got {value!r}")
    return p


@register("dropout")
@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """Zero each element with probability `p` while training and scale the rest by 1/(1-p)."""

    p: float = declare(
        Kind(_probability, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}), 0.5
    )

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Elementwise("dropout", (("p", self.p),)), *inputs)
