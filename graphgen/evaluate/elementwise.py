"""Elementwise functions, in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Elementwise

Array = NDArray[Any]

_erf = np.frompyfunc(math.erf, 1, 1)


def sigmoid(x: Array) -> Array:
    """Compute `1 / (1 + exp(-x))` without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x: Array, beta: float = 1.0) -> Array:
    """Compute `log(1 + exp(beta x)) / beta` without overflow."""
    return np.logaddexp(0, beta * x) / beta


def gelu(x: Array, approximate: str) -> Array:
    """Compute x times the normal distribution function, exactly or by a tanh."""
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        share: Array = np.tanh(inner)
    else:
        share = np.asarray(_erf(x / math.sqrt(2))).astype(x.dtype)
    result: Array = 0.5 * x * (1 + share)
    return result


def elu(x: Array, alpha: float) -> Array:
    """Compute `x` where positive, `alpha (exp(x) - 1)` elsewhere."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
    "elu": elu,
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "dropout": lambda x, p: x,
    "sine": lambda x, frequency: np.sin(frequency * x),
    "cosine": lambda x, frequency: np.cos(frequency * x),
    "scale": lambda x, factor: x * factor,
    "causal_mask": lambda x: np.where(visible(*x.shape[-2:]), x, -np.inf).astype(x.dtype),
}


def run(primitive: Elementwise, *operands: Array) -> Array:
    """Apply the function to values, and to a parameter that lies along some axes."""
    x, *others = operands
    if primitive.function in ("add", "multiply"):
        combine = np.add if primitive.function == "add" else np.multiply
        for other in others:
            x = combine(x, aligned(primitive, x, other))
        return x
    if primitive.function == "prelu":
        return np.where(x > 0, x, aligned(primitive, x, others[0]) * x)
    return FUNCTIONS[primitive.function](x, **dict(primitive.arguments))


def visible(rows: int, columns: int) -> NDArray[np.bool_]:
    """Say what is left of the diagonal that ends in the lower right corner, or on it."""
    result: NDArray[np.bool_] = np.tri(rows, columns, columns - rows, dtype=np.bool_)
    return result


def aligned(primitive: Elementwise, x: Array, other: Array) -> Array:
    """Give a parameter the axes of x (which has a batch axis); values have them already."""
    if primitive.axis is None:
        return other if other.ndim == x.ndim else other.reshape(())
    after = x.ndim - 1 - primitive.parameter_start(x.ndim - 1) - other.ndim
    return other.reshape(*other.shape, *(1,) * after)
