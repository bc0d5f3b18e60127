"""Reshapes, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Reshape


def run(primitive: Reshape, x: NDArray[Any]) -> NDArray[Any]:
    """Merge the axes `start` to `end` of x (N, ...)."""
    start, end = primitive.start + 1, primitive.end + 2
    return x.reshape(*x.shape[:start], -1, *x.shape[end:])
