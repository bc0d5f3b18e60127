"""Functions of single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphgen.importers.operators.elementwise import (
    affine,
    clamp,
    divide,
    function,
    multiply,
    power,
    subtract,
    where,
)
from graphgen.importers.operators.elementwise import compare as compared
from graphgen.importers.operators.reductions import reduce
from graphgen.importers.operators.shapes import reshape
from graphgen.importers.torch.operators.registry import aten, traced
from graphgen.importers.traced import Constant, Traced, Value
from graphgen.importers.tracer import Tracer

NAMED = {
    "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "silu": "silu", "mish": "mish",
    "hardsigmoid": "hardsigmoid", "hardswish": "hardswish", "selu": "selu", "relu6": "relu6",
    "log_sigmoid": "log_sigmoid", "log_sigmoid_forward": "log_sigmoid", "exp": "exp", "log": "log",
    "sqrt": "sqrt", "rsqrt": "rsqrt", "reciprocal": "reciprocal", "abs": "abs", "square": "square",
    "sign": "sign", "sgn": "sign", "erf": "erf", "special_erf": "erf", "absolute": "abs",
    "special_expit": "sigmoid", "sin": "sine", "cos": "cosine",
}  # fmt: skip
"""The layers of operators that take one value and nothing else."""


def _named(layer: str) -> Callable[..., Traced]:
    def apply(t: Tracer, x: Traced) -> Traced:
        return function(t, layer, x)

    return apply


for _name, _layer in NAMED.items():
    aten(_name)(_named(_layer))


@aten("neg", "negative")
def neg(t: Tracer, x: Traced) -> Traced:
    return affine(t, x, -1.0)


@aten("expm1", "special_expm1")
def expm1(t: Tracer, x: Traced) -> Traced:
    return affine(t, function(t, "exp", x), 1.0, -1.0)


@aten("log1p", "special_log1p")
def log1p(t: Tracer, x: Traced) -> Traced:
    return function(t, "log", affine(t, x, 1.0, 1.0))


@aten("log2")
def log2(t: Tracer, x: Traced) -> Traced:
    return affine(t, function(t, "log", x), 1 / math.log(2))


@aten("log10")
def log10(t: Tracer, x: Traced) -> Traced:
    return affine(t, function(t, "log", x), 1 / math.log(10))


@aten("exp2", "special_exp2")
def exp2(t: Tracer, x: Traced) -> Traced:
    return function(t, "exp", affine(t, x, math.log(2)))


@aten("erfc", "special_erfc")
def erfc(t: Tracer, x: Traced) -> Traced:
    return affine(t, function(t, "erf", x), -1.0, 1.0)


@aten("sinh")
def sinh(t: Tracer, x: Traced) -> Traced:
    up, down = function(t, "exp", x), function(t, "exp", affine(t, x, -1.0))
    return affine(t, subtract(t, up, down), 0.5)


@aten("cosh")
def cosh(t: Tracer, x: Traced) -> Traced:
    up, down = function(t, "exp", x), function(t, "exp", affine(t, x, -1.0))
    return affine(t, subtract(t, up, affine(t, down, -1.0)), 0.5)


@aten("tan")
def tan(t: Tracer, x: Traced) -> Traced:
    return divide(t, function(t, "sine", x), function(t, "cosine", x))


@aten("sinc", "special_sinc")
def sinc(t: Tracer, x: Traced) -> Traced:
    turned = affine(t, x, math.pi)
    inside = divide(t, function(t, "sine", turned), turned)
    return where(t, compared(t, "eq", x, Constant(np.asarray(0.0))), traced(1.0), inside)


@aten("logit", "special_logit")
def logit(t: Tracer, x: Traced, eps: float | None = None) -> Traced:
    if eps is not None:
        x = clamp(t, x, traced(eps), traced(1 - eps))
    odds = divide(t, x, affine(t, x, -1.0, 1.0))
    return function(t, "log", odds)


@aten("leaky_relu")
def leaky_relu(t: Tracer, x: Traced, negative_slope: float = 0.01) -> Traced:
    return function(t, "leaky_relu", x, {"negative_slope": float(negative_slope)})


@aten("rrelu", "rrelu_with_noise")
def rrelu(
    t: Tracer, x: Traced, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Traced:
    if training:
        t.refuse("its slopes are drawn at random", "import the module in eval mode")
    return function(t, "leaky_relu", x, {"negative_slope": (lower + upper) / 2})


@aten("elu")
def elu(
    t: Tracer, x: Traced, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0
) -> Traced:
    if input_scale == 1:
        return affine(t, function(t, "elu", x, {"alpha": float(alpha)}), float(scale))
    # alpha (exp(s x) - 1) below zero and x above, where s scales the first alone
    if input_scale <= 0:
        t.refuse(f"`input_scale` is {input_scale:g}, expected a positive number")
    inner = function(t, "elu", affine(t, x, input_scale), {"alpha": float(alpha * input_scale)})
    return affine(t, inner, float(scale) / input_scale)


@aten("celu")
def celu(t: Tracer, x: Traced, alpha: float = 1.0) -> Traced:
    return function(t, "celu", x, {"alpha": float(alpha)})


@aten("gelu")
def gelu(t: Tracer, x: Traced, *, approximate: str = "none") -> Traced:
    fields = {"approximate": approximate} if approximate != "none" else {}
    return function(t, "gelu", x, fields)


@aten("softplus")
def softplus(t: Tracer, x: Traced, beta: float = 1, threshold: float = 20) -> Traced:
    fields = {"beta": float(beta)} if beta != 1 else {}
    smooth = function(t, "softplus", x, fields)
    if threshold >= 20:  # behind it both are equal in float32
        return smooth
    above = compared(t, "gt", affine(t, x, float(beta)), traced(threshold))
    return where(t, above, x, smooth)


@aten("softshrink")
def softshrink(t: Tracer, x: Traced, lambd: float = 0.5) -> Traced:
    return function(t, "softshrink", x, {"lambd": float(lambd)})


@aten("hardshrink")
def hardshrink(t: Tracer, x: Traced, lambd: float = 0.5) -> Traced:
    return function(t, "hardshrink", x, {"lambd": float(lambd)})


@aten("hardtanh")
def hardtanh(t: Tracer, x: Traced, min_val: float = -1, max_val: float = 1) -> Traced:
    if (min_val, max_val) == (0, 6):
        return function(t, "relu6", x)
    return function(t, "hardtanh", x, {"min_val": float(min_val), "max_val": float(max_val)})


@aten("threshold")
def threshold(t: Tracer, x: Traced, threshold: float, value: float) -> Traced:
    return function(t, "threshold", x, {"threshold": float(threshold), "value": float(value)})


@aten("heaviside")
def heaviside(t: Tracer, x: Traced, values: Traced) -> Traced:
    return where(t, compared(t, "eq", x, traced(0.0)), values, compared(t, "gt", x, traced(0.0)))


@aten("prelu", "_prelu_kernel")
def prelu(t: Tracer, x: Traced, weight: Traced) -> Traced:
    value = t.value(x)
    slopes = int(np.prod(weight.shape))
    placed = value.batch is None or (value.batch.axis == 0 and value.batch.items == 1)
    front = len(value.shape) - len(value.sample_shape)
    along = (slopes == 1 and not isinstance(weight, Value)) or (
        not isinstance(weight, Value) and placed and front == 1
    )
    if along:
        fields = {"num_parameters": slopes} if slopes > 1 else {}
        own = t.weight(weight)
        one = type(own)(own.name, own.array.reshape(-1))
        return t.layer("prelu", [value], value.shape, value.batch, fields, {"weight": one})
    shape = (1, slopes, *(1,) * (len(value.shape) - 2)) if len(value.shape) > 1 else (slopes,)
    slope = reshape(t, weight, shape if slopes > 1 else ())
    below = affine(t, function(t, "relu", affine(t, value, -1.0)), -1.0)
    return subtract(t, function(t, "relu", value), affine(t, multiply(t, below, slope), -1.0))


@aten("pow", "float_power")
def pow_(t: Tracer, x: Any, exponent: Any) -> Traced:
    return power(t, traced(x), traced(exponent))


@aten("softmax", "_softmax", "special_softmax", "_safe_softmax")
def softmax(t: Tracer, x: Traced, dim: int, *rest: Any, **named: Any) -> Traced:
    return shares(t, "softmax", x, dim)


@aten("log_softmax", "_log_softmax", "special_log_softmax")
def log_softmax(t: Tracer, x: Traced, dim: int, *rest: Any, **named: Any) -> Traced:
    return shares(t, "log_softmax", x, dim)


def shares(t: Tracer, layer: str, x: Traced, dim: int) -> Traced:
    """Apply a layer along one axis."""
    value = t.value(x)
    axis = t.axis(value, dim)
    last = axis == len(value.sample_shape)
    return t.layer(layer, [value], value.shape, value.batch, {} if last else {"dim": axis})


@aten("glu")
def glu(t: Tracer, x: Traced, dim: int = -1) -> Traced:
    value = t.value(x)
    axis = t.axis(value, dim)
    place = dim % len(value.shape)
    shape = (*value.shape[:place], value.shape[place] // 2, *value.shape[place + 1 :])
    last = axis == len(value.sample_shape)
    return t.layer("glu", [value], shape, value.batch, {} if last else {"dim": axis})


@aten("logsumexp", "special_logsumexp")
def logsumexp(t: Tracer, x: Traced, dim: Any, keepdim: bool = False) -> Traced:
    return reduce(t, "logsumexp", x, [dim] if isinstance(dim, int) else dim, keepdim)
