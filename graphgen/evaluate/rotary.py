"""Rotary position embedding, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Rotary


def run(primitive: Rotary, x: NDArray[Any]) -> NDArray[Any]:
    """Turn pairs of features of x (N, ..., features) by angles that grow along `axis`."""
    length = x.shape[primitive.axis + 1]
    between = (1,) * (x.ndim - primitive.axis - 3)
    cosine, sine = (
        table.reshape(length, *between, -1).astype(x.dtype) for table in turns(primitive, length)
    )
    first, second = pairs(primitive)
    result: NDArray[Any] = x.copy()
    result[..., first] = x[..., first] * cosine - x[..., second] * sine
    result[..., second] = x[..., first] * sine + x[..., second] * cosine
    return result


def turns(primitive: Rotary, length: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the cosine and the sine by which each pair is turned at each position."""
    positions = np.arange(primitive.offset, primitive.offset + length)
    angles = np.outer(positions, primitive.speeds)
    return primitive.magnitude * np.cos(angles), primitive.magnitude * np.sin(angles)


def pairs(primitive: Rotary) -> tuple[slice, slice]:
    """Say where the first and the second feature of each pair lie."""
    size, half = primitive.size, primitive.size // 2
    if primitive.interleaved:
        return slice(0, size, 2), slice(1, size, 2)
    return slice(0, half), slice(half, size)
