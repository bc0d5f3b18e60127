"""Concatenations, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Concat

Array = NDArray[Any]


def run(primitive: Concat, *values: Array) -> Array:
    """Put values (N, ...) side by side."""
    return np.concatenate(values, axis=primitive.axis + 1)
