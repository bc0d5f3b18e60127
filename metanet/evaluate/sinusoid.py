"""Waves over positions, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from spec.primitives import Sinusoid


def run(primitive: Sinusoid, training: bool, x: Tensor) -> Tensor:
    """Add the waves to x (N, length, features)."""
    length, features = x.shape[1:]
    # In float64 whatever x is: the sine of a large angle keeps no digits in a narrow dtype.
    positions = torch.arange(length, dtype=torch.float64, device=x.device)
    pairs = torch.arange(0, features, 2, dtype=torch.float64, device=x.device)
    angles = positions[:, None] * primitive.base ** (-pairs / features)
    waves = torch.stack([angles.sin(), angles.cos()], -1).reshape(length, -1)[:, :features]
    return x + waves.to(x.dtype)
