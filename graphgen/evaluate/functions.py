"""Functions of single numbers, in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.evaluate.registered import Evaluations

Array = NDArray[Any]
Evaluation = Callable[..., Array]

_erf = np.frompyfunc(math.erf, 1, 1)


def sigmoid(x: Array) -> Array:
    """Compute `1 / (1 + exp(-x))` without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x: Array, beta: float = 1.0) -> Array:
    """Compute `log(1 + exp(beta x)) / beta` without overflow."""
    return np.logaddexp(0, beta * x) / beta


def erf(x: Array) -> Array:
    """Compute the error function."""
    return np.asarray(_erf(x)).astype(x.dtype)


def gelu(x: Array, approximate: str) -> Array:
    """Compute x times the normal distribution function, exactly or by a tanh."""
    if approximate == "tanh":
        share: Array = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    else:
        share = erf(x / math.sqrt(2))
    result: Array = 0.5 * x * (1 + share)
    return result


def elu(x: Array, alpha: float) -> Array:
    """Compute `x` where positive, `alpha (exp(x) - 1)` elsewhere."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def celu(x: Array, alpha: float) -> Array:
    """Compute `x` where positive, `alpha (exp(x / alpha) - 1)` elsewhere."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def cut_below(x: Array, threshold: float, value: float) -> Array:
    """Compute `value` where x is at most `threshold`, x elsewhere."""
    return np.where(x <= threshold, value, x)


def heaviside(x: Array, values: float) -> Array:
    """Compute 0, `values` or 1; 0 of what is no number, as torch does."""
    return np.where(x == 0, values, x > 0)


FUNCTIONS: dict[str, Evaluation] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
    "elu": elu,
    "celu": celu,
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "gelu": gelu,
    "quick_gelu": lambda x: x * sigmoid(1.702 * x),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x),
    "tanh": np.tanh,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x, min_val, max_val: np.clip(x, min_val, max_val),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hardshrink": lambda x, lambd: np.where((x >= -lambd) & (x <= lambd), 0, x),
    "softshrink": lambda x, lambd: x - np.clip(x, -lambd, lambd),
    "tanhshrink": lambda x: x - np.tanh(x),
    "threshold": cut_below,
    "clamp": lambda x, min, max: np.clip(x, min, max),
    "sine": lambda x, frequency: np.sin(frequency * x),
    "cosine": lambda x, frequency: np.cos(frequency * x),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "abs": np.abs,
    "square": np.square,
    "power": lambda x, exponent: np.power(x, exponent),
    "sign": lambda x: (x > 0).astype(x.dtype) - (x < 0),
    "heaviside": heaviside,
    "erf": erf,
    "scale_by": lambda x, factor: x * factor,
    "shift_by": lambda x, value: x + value,
}


EVALUATIONS = Evaluations("numpy", "graphgen", "an array", GraphError, FUNCTIONS)


def register_function(name: str) -> Callable[[Evaluation], Evaluation]:
    """Say how a function that `spec.register_function` has added is computed in numpy.

        spec.register_function("snake", "`x + sin(x)^2`.")

        @graphgen.register_function("snake")
        def snake(x):
            return x + np.sin(x) ** 2

    It gets an array of any shape and the constants by name, and gives an array of that shape.
    Raises `GraphError` for a function that the language does not have.
    """
    return EVALUATIONS.add(name)


def computed(name: str, x: Array, constants: Mapping[str, Any]) -> Array:
    """Compute a function of each number of an array."""
    with np.errstate(all="ignore"):
        return np.asarray(EVALUATIONS(name, x, constants)).astype(x.dtype, copy=False)
