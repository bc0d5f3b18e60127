"""Rotary position embedding, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Rotary


def run(primitive: Rotary, x: NDArray[Any]) -> NDArray[Any]:
    """Turn pairs of features of x (N, ..., features) by angles that grow along `axis`."""
    half = primitive.size // 2
    length = x.shape[primitive.axis + 1]
    angles = np.arange(length)[:, None] * primitive.base ** (-np.arange(half) / half)
    angles = angles.reshape(length, *(1,) * (x.ndim - primitive.axis - 3), half)
    cosine, sine = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    first, second = pairs(primitive)
    result: NDArray[Any] = x.copy()
    result[..., first] = x[..., first] * cosine - x[..., second] * sine
    result[..., second] = x[..., first] * sine + x[..., second] * cosine
    return result


def pairs(primitive: Rotary) -> tuple[slice, slice]:
    """Say where the first and the second feature of each pair lie."""
    size, half = primitive.size, primitive.size // 2
    if primitive.interleaved:
        return slice(0, size, 2), slice(1, size, 2)
    return slice(0, half), slice(half, size)
