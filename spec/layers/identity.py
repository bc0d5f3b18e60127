"""identity: the input as it is, for a variable that chooses among layers."""

from __future__ import annotations

from spec.layer import Layer, Scope, Value, register
from spec.records import record


@register("identity")
@record(frozen=True, kw_only=True)
class Identity(Layer):
    """Give the input back; useful where a variable names the layer, as in `- $norm`."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return inputs[0]
