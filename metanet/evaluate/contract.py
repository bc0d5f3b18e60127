"""Sums of products, in torch."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from metanet.evaluate.preparation import prepared
from spec.primitives import Contract, matrix_product


def run(primitive: Contract, training: bool, *operands: Tensor) -> Tensor:
    """Evaluate the equation, with a batch axis in front of each value and of the output."""
    x = operands[0]
    if primitive.prepared is not None:
        ready = prepared(primitive.prepared, operands[-1])
        return run(replace(primitive, prepared=None), training, *operands[:-1], ready)
    if primitive == matrix_product(x.ndim - 1):
        return F.linear(x, operands[1])
    values, parameters = (
        primitive.operands[: primitive.values],
        primitive.operands[primitive.values :],
    )
    letters = ",".join([*("..." + value for value in values), *parameters])
    return torch.einsum(f"{letters}->...{primitive.output}", *operands)
