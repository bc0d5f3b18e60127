"""Sinusoidal positions, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from spec.primitives import Sinusoid


def run(primitive: Sinusoid, training: bool, x: Tensor) -> Tensor:
    """Add fixed waves to x (N, length, features)."""
    length, features = x.shape[1:]
    column = torch.arange(features, device=x.device)
    speed = primitive.base ** (-(column - column % 2).double() / features)
    angles = torch.outer(torch.arange(length, device=x.device).double(), speed)
    waves = torch.where(column % 2 == 0, angles.sin(), angles.cos())
    return x + waves.to(x.dtype)
