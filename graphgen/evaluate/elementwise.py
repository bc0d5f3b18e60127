"""Elementwise functions, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.functions import computed
from spec.primitives import Elementwise
from spec.primitives.elementwise import lying

Array = NDArray[Any]


COMBINED = {"add": np.add, "multiply": np.multiply, "maximum": np.maximum}


def run(primitive: Elementwise, *operands: Array) -> Array:
    """Apply the function to values, and to a parameter that lies along some axes."""
    x, *others = operands
    if primitive.function in COMBINED:
        for other in others:
            x = COMBINED[primitive.function](x, aligned(primitive, x, other))
        return x
    if primitive.function == "where":
        return np.where(x != 0, *others)
    if primitive.function == "prelu":
        return np.where(x > 0, x, aligned(primitive, x, others[0]) * x)
    if primitive.function == "causal_mask":
        return np.where(visible(*x.shape[-2:]), x, -np.inf).astype(x.dtype)
    if primitive.function in ("dropout", "identity"):
        return x
    return computed(primitive.function, x, dict(primitive.arguments))


def visible(rows: int, columns: int) -> NDArray[np.bool_]:
    """Say what is left of the diagonal that ends in the lower right corner, or on it."""
    result: NDArray[np.bool_] = np.tri(rows, columns, columns - rows, dtype=np.bool_)
    return result


def aligned(primitive: Elementwise, x: Array, other: Array) -> Array:
    """Give a parameter the axes of x (which has a batch axis); values have them already."""
    if primitive.axis is None:
        return other if other.ndim == x.ndim else other.reshape(())
    lies = lying(tuple(other.shape))
    after = x.ndim - 1 - primitive.parameter_start(x.ndim - 1) - len(lies)
    return other.reshape(*lies, *(1,) * after)
