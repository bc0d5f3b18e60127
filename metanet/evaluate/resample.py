"""Interpolation in space, in torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from graphgen.evaluate.resample import nearest
from spec.primitives import Resample

MODES = {"linear": ("linear", "bilinear", "trilinear"), "cubic": ("", "bicubic", "")}
"""What torch calls a mode in one, two and three dimensions."""


def run(primitive: Resample, training: bool, x: Tensor) -> Tensor:
    """Bring x (N, C, *space) to another size."""
    if primitive.mode in MODES:
        mode = MODES[primitive.mode][len(primitive.size) - 1]
        size = None if primitive.scale else primitive.size
        factor = primitive.scale or None
        return F.interpolate(x, size, factor, mode, align_corners=primitive.align_corners)
    # `F.interpolate` rounds the ratio of the sizes: in float32 some sizes take a neighbour.
    for axis, count in enumerate(primitive.size, start=2):
        if count != x.shape[axis] or primitive.scale:
            places = nearest(primitive, axis - 2, x.shape[axis])
            x = x.index_select(axis, torch.from_numpy(places).to(x.device))
    return x
