"""Transpositions, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Transpose

Array = NDArray[Any]


def run(primitive: Transpose, x: Array) -> Array:
    """Give the axes of x (N, ...) their new order."""
    return x.transpose(0, *(axis + 1 for axis in primitive.order))
