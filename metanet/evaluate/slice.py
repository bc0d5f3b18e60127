"""A run of items along one axis, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Slice


def run(primitive: Slice, training: bool, x: Tensor) -> Tensor:
    """Take the items of x (N, ...) from `start` to `stop`."""
    return x.narrow(primitive.axis + 1, primitive.start, primitive.stop - primitive.start)
