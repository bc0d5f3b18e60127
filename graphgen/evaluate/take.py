"""Chosen items along one axis, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Take


def run(primitive: Take, x: NDArray[Any]) -> NDArray[Any]:
    """Take items of x (N, ...), and the constant where none is taken."""
    axis = primitive.axis + 1
    indices = np.array(primitive.indices)
    result: NDArray[Any] = x.take(np.maximum(indices, 0), axis)
    if primitive.is_filled:
        np.moveaxis(result, axis, 0)[indices < 0] = primitive.value
    return result
