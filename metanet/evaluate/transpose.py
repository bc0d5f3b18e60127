"""Axes in another order, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Transpose


def run(primitive: Transpose, training: bool, x: Tensor) -> Tensor:
    """Reorder the axes of x (N, ...) behind the batch."""
    return x.permute(0, *(axis + 1 for axis in primitive.order))
