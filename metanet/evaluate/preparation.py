"""Weights made ready for use, in torch."""

from __future__ import annotations

from math import prod

from torch import Tensor

from spec.primitives import Preparation


def prepared(how: Preparation, weight: Tensor) -> Tensor:
    """Divide a weight by its size along some axes."""
    if how.kind == "norm":
        return weight / weight.square().sum(how.axes, keepdim=True).sqrt()
    centred = weight - weight.mean(how.axes, keepdim=True)
    squares = centred.square().sum(how.axes, keepdim=True)
    count = prod(weight.shape[axis] for axis in how.axes)
    if how.unbiased:
        return centred / ((squares / (count - 1)).sqrt() + how.eps)
    return centred / (squares / count + how.eps).sqrt()
