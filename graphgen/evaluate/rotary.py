"""Rotary positions, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Rotary

Array = NDArray[Any]


def run(primitive: Rotary, x: Array) -> Array:
    """Turn pairs of the last axis of x (N, ...) by angles that grow along an axis."""
    half = primitive.size // 2
    speed = primitive.base ** (-2 * np.arange(half) / primitive.size)
    angles = np.multiply.outer(np.arange(x.shape[primitive.axis + 1]), speed)
    shape = [1] * x.ndim
    shape[primitive.axis + 1], shape[-1] = angles.shape
    sine, cosine = (f(angles).reshape(shape).astype(x.dtype) for f in (np.sin, np.cos))
    turned = x[..., : primitive.size]
    if primitive.interleaved:
        first, second = turned[..., 0::2], turned[..., 1::2]
    else:
        first, second = turned[..., :half], turned[..., half:]
    pair = (first * cosine - second * sine, second * cosine + first * sine)
    if primitive.interleaved:
        result = np.stack(pair, axis=-1).reshape(turned.shape)
    else:
        result = np.concatenate(pair, axis=-1)
    return np.concatenate([result, x[..., primitive.size :]], axis=-1)
