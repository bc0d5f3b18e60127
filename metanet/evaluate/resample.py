"""Resampling, in torch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Resample

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def run(primitive: Resample, training: bool, x: Tensor) -> Tensor:
    """Interpolate x (N, C, *space)."""
    if primitive.mode == "nearest":
        return F.interpolate(x, primitive.size, mode="nearest")
    mode = LINEAR[len(primitive.size)]
    return F.interpolate(x, primitive.size, mode=mode, align_corners=primitive.align_corners)
