"""Normalisations, in torch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Normalise


def run(primitive: Normalise, training: bool, x: Tensor, *statistics: Tensor) -> Tensor:
    """Normalise x (N, ...); while training, `batch` uses and updates its running statistics."""
    if primitive.statistics == "batch":
        mean, variance, count = statistics
        if training:
            count += 1
        return F.batch_norm(
            x, mean, variance, None, None, training, primitive.momentum, primitive.eps
        )
    if primitive.statistics == "instance":
        own = training or not statistics
        running = (*statistics[:2], None, None)[:2]
        if training and statistics:
            statistics[2].add_(1)
        return F.instance_norm(
            x, running[0], running[1], None, None, own, primitive.momentum, primitive.eps
        )
    if primitive.statistics == "rms":
        return F.rms_norm(x, x.shape[x.ndim - primitive.size :], None, primitive.eps)
    if primitive.statistics == "softmax":
        return F.softmax(x, -1)
    if primitive.statistics == "layer":
        return F.layer_norm(x, x.shape[x.ndim - primitive.size :], None, None, primitive.eps)
    return F.group_norm(x, primitive.size, None, None, primitive.eps)
