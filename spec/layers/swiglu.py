"""swiglu: the gated feedforward network of Llama."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import choice, flag, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Elementwise, Shape, ShapeError, matrix_product, show
from spec.records import record


@register("swiglu")
@record(frozen=True, kw_only=True)
class SwiGLU(Layer):
    """`y = W_down (silu(W_gate x) * (W_up x))` along the last axis (Shazeer 2020, eq. 6)."""

    in_features: int | None = size(default=None)
    hidden_features: int = size()
    activation: str = choice(("silu", "gelu", "relu", "sigmoid"), default="silu")
    bias: bool = flag(default=False)

    def infer(self, *shapes: Shape) -> Self:
        if not shapes[0]:
            raise ShapeError(f"`swiglu` needs an axis of features, got {show(shapes[0])}")
        return replace(self, in_features=agree("in_features", self.in_features, shapes[0][-1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        arguments = (("approximate", "none"),) if self.activation == "gelu" else ()
        gate = self._linear(scope, "gate_proj", x, self.hidden_features)
        gate = scope.apply(Elementwise(self.activation, arguments), gate)
        up = self._linear(scope, "up_proj", x, self.hidden_features)
        hidden = scope.apply(Elementwise("multiply"), gate, up)
        return self._linear(scope, "down_proj", hidden, x.shape[-1])

    def _linear(self, scope: Scope, name: str, x: Value, features: int) -> Value:
        initial = ("uniform", x.shape[-1] ** -0.5)
        weight = scope.parameter(f"{name}.weight", (features, x.shape[-1]), initial)
        y = scope.apply(matrix_product(len(x.shape)), x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter(f"{name}.bias", (features,), initial), axis=-1)
        return y
