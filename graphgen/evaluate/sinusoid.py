"""Sinusoidal positions, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Sinusoid

Array = NDArray[Any]


def run(primitive: Sinusoid, x: Array) -> Array:
    """Add fixed waves to x (N, length, features)."""
    length, features = x.shape[1:]
    column = np.arange(features)
    speed = primitive.base ** (-(column - column % 2) / features)
    angles = np.multiply.outer(np.arange(length), speed)
    waves = np.where(column % 2 == 0, np.sin(angles), np.cos(angles))
    result: Array = x + waves.astype(x.dtype)
    return result
