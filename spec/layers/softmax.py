"""softmax: positive shares that sum to one."""

from __future__ import annotations

from dataclasses import dataclass

from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Normalise,
)


@register("softmax")
@dataclass(frozen=True, kw_only=True)
class Softmax(Layer):
    """`exp(x) / sum(exp(x))` over the last axis, as `torch.nn.Softmax(dim=-1)`."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Normalise("softmax", 0.0), *inputs)
