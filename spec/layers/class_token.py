"""class_token: a learned token in front of a sequence."""

from __future__ import annotations

from spec.layer import Layer, Scope, Value, register
from spec.primitives import Concat, Learned, ShapeError, show
from spec.records import record


@register("class_token")
@record(frozen=True, kw_only=True)
class ClassToken(Layer):
    """Put one learned token in front of `[N, tokens, features]` (Dosovitskiy et al. 2021)."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if len(x.shape) != 2:
            raise ShapeError(f"`class_token` needs [N, tokens, features], got {show(x.shape)}")
        weight = scope.parameter("weight", (1, x.shape[1]), ("constant", 0.0))
        token = scope.apply(Learned(), x, tensors=(weight,))
        return scope.apply(Concat(0), token, x)
