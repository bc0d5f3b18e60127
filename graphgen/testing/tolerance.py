"""How far two results may lie apart: one number for each dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphgen.errors import GraphError, described
from graphgen.rounding import TOLERANCE

__all__ = ["TOLERANCE", "relative_error", "tolerance"]


def tolerance(dtype: object) -> float:
    """Give the tolerance of a dtype, numpy's or torch's; `GraphError` for one without."""
    name = str(dtype).removeprefix("torch.")
    if name not in TOLERANCE:
        known = ", ".join(TOLERANCE)
        raise GraphError(f"`dtype` is {described(dtype)}; expected one of {known}")
    return TOLERANCE[name]


def relative_error(actual: ArrayLike, expected: ArrayLike) -> float:
    """Give `|actual - expected| / |expected|` in the Euclidean norm over all elements.

    Zero if both are zero, infinite if the shapes differ, NaN if either holds a NaN.
    """
    a: NDArray[Any] = np.asarray(actual, dtype=np.float64)
    b: NDArray[Any] = np.asarray(expected, dtype=np.float64)
    if a.shape != b.shape:
        return float("inf")
    difference, scale = np.linalg.norm(a - b), np.linalg.norm(b)
    if difference == 0:
        return 0.0
    return float(difference / scale) if scale else float("inf")
