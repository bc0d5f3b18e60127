"""Reshapes, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Reshape


def run(primitive: Reshape, training: bool, x: Tensor) -> Tensor:
    """Merge the axes `start` to `end` of x (N, ...)."""
    return x.flatten(primitive.start + 1, primitive.end + 1)
