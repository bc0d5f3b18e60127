"""dropout: random zeros while training, nothing otherwise."""

from __future__ import annotations

from spec.fields import probability
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise
from spec.records import record


@register("dropout")
@record(frozen=True, kw_only=True)
class Dropout(Layer):
    """Zero each element with probability `p` while training and scale the rest by 1/(1-p)."""

    p: float = probability(default=0.5)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Elementwise("dropout", (("p", self.p),)), *inputs)
