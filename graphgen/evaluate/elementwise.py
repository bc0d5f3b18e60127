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
        with np.errstate(invalid="ignore"):  # infinite ones of both signs, as behind a mask
            for other in others:
                x = COMBINED[primitive.function](x, aligned(primitive, x, other))
        return x
    if primitive.function == "where":
        return np.where(x != 0, *others)
    if primitive.function == "prelu":
        return np.where(x > 0, x, aligned(primitive, x, others[0]) * x)
    if primitive.function == "band_mask":
        seen = visible(*x.shape[-2:], **dict(primitive.arguments))
        return np.where(seen, x, -np.inf).astype(x.dtype)
    if primitive.function in ("dropout", "identity"):
        return x
    return computed(primitive.function, x, dict(primitive.arguments))


def visible(rows: int, columns: int, before: int | None, after: int | None) -> NDArray[np.bool_]:
    """Say what lies in a band around the diagonal that ends in the lower right corner."""
    ahead = np.arange(columns) - np.arange(rows)[:, None] - (columns - rows)
    seen = np.ones(ahead.shape, np.bool_) if before is None else ahead >= -before
    return seen if after is None else seen & (ahead <= after)


def aligned(primitive: Elementwise, x: Array, other: Array) -> Array:
    """Give a parameter the axes of x (which has a batch axis); values have them already."""
    if primitive.axis is None:
        return other if other.ndim == x.ndim else other.reshape(())
    lies = lying(tuple(other.shape))
    after = x.ndim - 1 - primitive.parameter_start(x.ndim - 1) - len(lies)
    return other.reshape(*lies, *(1,) * after)
