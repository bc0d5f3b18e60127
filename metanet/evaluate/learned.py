"""A parameter as a value, in torch."""

from __future__ import annotations

from torch import Tensor

from spec.primitives import Learned


def run(primitive: Learned, training: bool, x: Tensor, parameter: Tensor) -> Tensor:
    """Give each of the samples of x (N, ...) the parameter."""
    return parameter.expand(x.shape[0], *parameter.shape)
