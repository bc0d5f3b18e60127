"""A convolution, in torch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Window

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def run(primitive: Window, training: bool, x: Tensor, weight: Tensor) -> Tensor:
    """Convolve x (N, C, *space) with weight (out, C / groups, *kernel)."""
    convolution = CONVOLUTIONS[len(primitive.stride)]
    return convolution(
        x,
        weight,
        None,
        primitive.stride,
        primitive.padding,
        primitive.dilation,
        primitive.groups,
    )
