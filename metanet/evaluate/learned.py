"""Learned values, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Learned


def run(primitive: Learned, training: bool, x: Tensor, parameter: Tensor) -> Tensor:
    """Repeat the parameter for each sample of x (N, ...)."""
    return parameter.expand(x.shape[0], *parameter.shape)
