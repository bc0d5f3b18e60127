"""The activations: elementwise functions without parameters, as in `torch.nn`."""

from __future__ import annotations

from dataclasses import dataclass

from spec.fields import choice, number
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Elementwise


@dataclass(frozen=True, kw_only=True)
class Activation(Layer):
    """`y = f(x)`, element by element; the fields are the function's constants."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        arguments = tuple((name, getattr(self, name)) for name in self.field_names())
        return scope.apply(Elementwise(self.type, arguments), *inputs)


for _name in (
    "relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "softsign",
    "hardsigmoid", "hardswish", "hardtanh",
):  # fmt: skip
    register(_name)(type(_name, (Activation,), {"__doc__": f"The activation `{_name}`."}))


@register("leaky_relu")
@dataclass(frozen=True, kw_only=True)
class LeakyReLU(Activation):
    """`x` where positive, `negative_slope x` elsewhere."""

    negative_slope: float = number(default=0.01)


@register("elu")
@dataclass(frozen=True, kw_only=True)
class ELU(Activation):
    """`x` where positive, `alpha (exp(x) - 1)` elsewhere."""

    alpha: float = number(default=1.0)


@register("gelu")
@dataclass(frozen=True, kw_only=True)
class GELU(Activation):
    """`x` times the normal distribution function at `x`, exactly or by a tanh."""

    approximate: str = choice(("none", "tanh"), default="none")


@register("softplus")
@dataclass(frozen=True, kw_only=True)
class Softplus(Activation):
    """`log(1 + exp(beta x)) / beta`."""

    beta: float = number(default=1.0, minimum=1e-12)


@register("sine")
@dataclass(frozen=True, kw_only=True)
class Sine(Activation):
    """`sin(frequency x)`, with frequency 30 in Sitzmann et al. 2020."""

    frequency: float = number(default=1.0)
