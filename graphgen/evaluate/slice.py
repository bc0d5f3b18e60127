"""Slices, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Slice

Array = NDArray[Any]


def run(primitive: Slice, x: Array) -> Array:
    """Take a run of items along one axis of x (N, ...)."""
    part: tuple[slice, ...] = (slice(None),) * (primitive.axis + 1)
    result: Array = x[(*part, slice(primitive.start, primitive.stop))]
    return result
