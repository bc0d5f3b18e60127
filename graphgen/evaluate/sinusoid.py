"""Waves over positions, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Sinusoid


def run(primitive: Sinusoid, x: NDArray[Any]) -> NDArray[Any]:
    """Add the waves to x (N, length, features)."""
    length, features = x.shape[1:]
    steps = primitive.base ** (-np.arange(0, features, 2) / features)
    angles = np.arange(length)[:, None] * steps
    waves = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, -1)[:, :features]
    result: NDArray[Any] = x + waves.astype(x.dtype)
    return result
