"""A run of items along one axis, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Slice


def run(primitive: Slice, x: NDArray[Any]) -> NDArray[Any]:
    """Take the items of x (N, ...) from `start` to `stop`."""
    before = (slice(None),) * (primitive.axis + 1)
    return x[(*before, slice(primitive.start, primitive.stop))]
