"""Rotary position embedding, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from spec.primitives import Rotary


def run(primitive: Rotary, training: bool, x: Tensor) -> Tensor:
    """Turn pairs of features of x (N, ..., features) by angles that grow along `axis`."""
    size, half = primitive.size, primitive.size // 2
    length = x.shape[primitive.axis + 1]
    # In float64 whatever x is: the sine of a large angle keeps no digits in a narrow dtype.
    positions = torch.arange(length, dtype=torch.float64, device=x.device) + primitive.offset
    angles = torch.outer(positions, positions.new_tensor(primitive.speeds))
    angles = angles.reshape(length, *(1,) * (x.ndim - primitive.axis - 3), half)
    cosine = (primitive.magnitude * angles.cos()).to(x.dtype)
    sine = (primitive.magnitude * angles.sin()).to(x.dtype)
    turning, rest = x[..., :size], x[..., size:]
    if primitive.interleaved:
        first, second = turning[..., ::2], turning[..., 1::2]
    else:
        first, second = turning[..., :half], turning[..., half:]
    turned = (first * cosine - second * sine, first * sine + second * cosine)
    if primitive.interleaved:
        joined = torch.stack(turned, -1).flatten(-2)
    else:
        joined = torch.cat(turned, -1)
    return torch.cat([joined, rest], -1)
