"""Edits of images: what an edited INR is to decode to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def dilation(images: Tensor) -> Tensor:
    """Take the largest value of each pixel and its eight neighbours: images (N, H, W, c).

    Grey dilation by a square of ones, 3 by 3, in each channel (Zhou et al. 2023).

    >>> dilation(torch.tensor([0.0, 0, 0, 1]).reshape(1, 1, 4, 1)).flatten().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    channels_first = images.permute(0, 3, 1, 2)
    # Max pooling pads by minus infinity: beyond the border there is nothing.
    return torch.nn.functional.max_pool2d(channels_first, 3, 1, 1).permute(0, 2, 3, 1)


def contrast(images: Tensor) -> Tensor:
    """Double the distance of each value to its image's mean, and clip to [0, 1]: (N, H, W, c).

    The mean is that over all pixels and channels.

    >>> contrast(torch.tensor([0.25, 0.5, 0.5, 0.75]).reshape(1, 2, 2, 1)).flatten().tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    mean = images.mean((1, 2, 3), keepdim=True)
    return (mean + 2 * (images - mean)).clamp(0, 1)


EDITS: Mapping[str, Callable[[Tensor], Tensor]] = {"dilation": dilation, "contrast": contrast}
