"""Interpolation in space, in torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Resample

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def run(primitive: Resample, training: bool, x: Tensor) -> Tensor:
    """Bring x (N, C, *space) to another size."""
    if primitive.mode == "linear":
        mode = LINEAR[len(primitive.size)]
        return F.interpolate(x, primitive.size, mode=mode, align_corners=primitive.align_corners)
    # `F.interpolate` rounds the ratio of the sizes: in float32 some sizes take a neighbour.
    for axis, size in enumerate(primitive.size, start=2):
        if size != x.shape[axis]:
            x = x.index_select(axis, torch.arange(size, device=x.device) * x.shape[axis] // size)
    return x
