"""Axes in another order, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Transpose


def run(primitive: Transpose, x: NDArray[Any]) -> NDArray[Any]:
    """Reorder the axes of x (N, ...) behind the batch."""
    return x.transpose(0, *(axis + 1 for axis in primitive.order))
