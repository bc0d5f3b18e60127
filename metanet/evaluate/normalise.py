"""Normalisations, in torch."""

from __future__ import annotations

from math import prod

import torch
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
        if not statistics and prod(x.shape[2:]) == 1:
            return x - x  # which the operator refuses: a mean of one
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


def run_padded(primitive: Normalise, size: Tensor, x: Tensor, *statistics: Tensor) -> Tensor:
    """Train on x (N, ...) of which the first `size` samples count, a scalar tensor.

    For the norms with running statistics; the others read each sample alone.
    """
    running_mean, running_var, count = statistics
    count += 1
    axes, number = tuple(range(2, x.ndim)), float(prod(x.shape[2:]))
    real = (torch.arange(x.shape[0], device=x.device) < size).reshape(-1, *(1,) * (x.ndim - 1))
    batch = primitive.statistics == "batch"

    def average(t: Tensor) -> Tensor:
        return torch.where(real, t, 0).sum(0, keepdim=True) / size

    def moment(t: Tensor) -> Tensor:
        t = t.mean(axes, keepdim=True) if axes else t
        return average(t) if batch else t

    mean = moment(x)
    centred = x - mean
    variance = moment(centred**2)
    samples = size.to(x.dtype) * number if batch else number
    unbiased = variance * (samples / (samples - 1))
    for running, now in ((running_mean, mean), (running_var, unbiased)):
        seen = (now if batch else average(now)).detach().reshape(running.shape)
        running.mul_(1 - primitive.momentum).add_(primitive.momentum * seen)
    return centred * (variance + primitive.eps).rsqrt()
