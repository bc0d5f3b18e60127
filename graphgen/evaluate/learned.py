"""Learned values, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Learned

Array = NDArray[Any]


def run(primitive: Learned, x: Array, parameter: Array) -> Array:
    """Repeat the parameter for each sample of x (N, ...)."""
    return np.broadcast_to(parameter, (x.shape[0], *parameter.shape))
