"""Chosen items along one axis, in torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Take


def run(primitive: Take, training: bool, x: Tensor) -> Tensor:
    """Take items of x (N, ...), and the constant where none is taken."""
    axis, size = primitive.axis + 1, x.shape[primitive.axis + 1]
    chosen = [run for run in primitive.runs if run[0] >= 0]
    if chosen == [(0, size, int(size > 1))]:
        # The whole between constants: an operator of its own, much faster.
        before = primitive.runs[0][1] if primitive.runs[0][0] < 0 else 0
        around = [0, 0] * (x.ndim - 1 - axis) + [before, primitive.count - size - before]
        return F.pad(x, around, value=primitive.value)
    indices = torch.tensor(primitive.indices, device=x.device)
    result = x.index_select(axis, indices.clamp(min=0))
    if not primitive.is_filled:
        return result
    filled = (indices < 0).reshape(-1, *(1,) * (x.ndim - 1 - axis))
    return result.masked_fill(filled, primitive.value)
