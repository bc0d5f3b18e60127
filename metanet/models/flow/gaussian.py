"""What a flow has to beat: networks whose numbers are normal."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.models.flow.moments import Moments
from metanet.options import shown


def gaussian(moments: Moments, noise: Tensor) -> Tensor:
    """Turn normal noise (N, P) into networks with these moments.

    drawn = gaussian(moments, torch.randn(8, len(moments.mean)))

    Raises `MetanetError` for what are no moments, and for noise of other networks.
    """
    if not isinstance(moments, Moments):
        raise MetanetError(f"`moments` is {shown(moments)}, expected Moments")
    if not isinstance(noise, Tensor) or noise.ndim != 2 or noise.shape[1] != len(moments.mean):
        got = f"of shape {list(noise.shape)}" if isinstance(noise, Tensor) else shown(noise)
        raise MetanetError(f"`noise` is {got}, expected a tensor (N, {len(moments.mean)})")
    x = noise * math.sqrt(moments.rest)
    if len(moments.directions):
        directions = torch.from_numpy(moments.directions).to(noise.device)
        scales = torch.from_numpy(moments.variances).to(noise.device).sqrt()
        x = x + (noise @ directions.T * (scales - math.sqrt(moments.rest))) @ directions
    deviation, mean = torch.from_numpy(moments.deviation), torch.from_numpy(moments.mean)
    return x * deviation.to(noise.device) + mean.to(noise.device)
