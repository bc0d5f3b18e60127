"""Fixed values, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from graphgen.evaluate.fixed import fixed_numbers
from spec.primitives import Fixed


def run(primitive: Fixed, training: bool, x: Tensor) -> Tensor:
    """Give each of the samples of x (N, ...) the numbers, in the dtype of x."""
    values = torch.tensor(fixed_numbers(primitive), dtype=x.dtype, device=x.device)
    return values.expand(x.shape[0], *primitive.sizes)
