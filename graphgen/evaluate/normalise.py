"""Normalisations, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Normalise

Array = NDArray[Any]


def run(primitive: Normalise, x: Array, *statistics: Array) -> Array:
    """Normalise x (N, ...); running mean and variance are taken where there are such."""
    if statistics:
        shape = (-1, *(1,) * (x.ndim - 2))
        mean, variance = (array.reshape(shape) for array in statistics[:2])
        return standardised(x, mean, variance, primitive.eps)
    if primitive.statistics == "layer":
        axes = tuple(range(x.ndim - primitive.size, x.ndim))
        return standardised(
            x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), primitive.eps
        )
    if primitive.statistics == "rms":
        axes = tuple(range(x.ndim - primitive.size, x.ndim))
        mean = np.square(x).mean(axes, keepdims=True)
        return standardised(x, np.zeros_like(mean), mean, primitive.eps)
    if primitive.statistics == "softmax":
        # As in torch, a row of nothing but minus infinity gives NaN.
        with np.errstate(invalid="ignore"):
            e = np.exp(x - x.max(-1, keepdims=True))
        shares: Array = e / e.sum(-1, keepdims=True)
        return shares
    groups = x.shape[1] if primitive.statistics == "instance" else primitive.size
    grouped = x.reshape(x.shape[0], groups, -1)
    mean, variance = grouped.mean(2, keepdims=True), grouped.var(2, keepdims=True)
    return standardised(grouped, mean, variance, primitive.eps).reshape(x.shape)


def standardised(x: Array, mean: Array, variance: Array, eps: float) -> Array:
    """Compute `(x - mean) / sqrt(variance + eps)` in the dtype of x."""
    result: Array = (x - mean) / np.sqrt(variance + np.asarray(eps, dtype=x.dtype))
    return result
