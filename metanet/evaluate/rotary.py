"""Rotary positions, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from spec.primitives import Rotary


def run(primitive: Rotary, training: bool, x: Tensor) -> Tensor:
    """Turn pairs of the last axis of x (N, ...) by angles that grow along an axis."""
    half = primitive.size // 2
    steps = torch.arange(half, dtype=torch.float64, device=x.device)
    speed = primitive.base ** (-2 * steps / primitive.size)
    places = torch.arange(x.shape[primitive.axis + 1], dtype=torch.float64, device=x.device)
    angles = torch.outer(places, speed)
    shape = [1] * x.ndim
    shape[primitive.axis + 1], shape[-1] = angles.shape
    sine, cosine = (f(angles).reshape(shape).to(x.dtype) for f in (torch.sin, torch.cos))
    turned = x[..., : primitive.size]
    if primitive.interleaved:
        first, second = turned[..., 0::2], turned[..., 1::2]
    else:
        first, second = turned[..., :half], turned[..., half:]
    pair = (first * cosine - second * sine, second * cosine + first * sine)
    if primitive.interleaved:
        result = torch.stack(pair, dim=-1).reshape(turned.shape)
    else:
        result = torch.cat(pair, dim=-1)
    return torch.cat([result, x[..., primitive.size :]], dim=-1)
