"""Slices, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Slice


def run(primitive: Slice, training: bool, x: Tensor) -> Tensor:
    """Take a run of items along one axis of x (N, ...)."""
    return x.narrow(primitive.axis + 1, primitive.start, primitive.stop - primitive.start)
