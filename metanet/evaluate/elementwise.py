"""Elementwise functions, in torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from metanet.evaluate.functions import computed
from spec.primitives import Elementwise
from spec.primitives.elementwise import lying

COMBINED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "multiply": torch.mul,
    "maximum": torch.maximum,
}


def run(primitive: Elementwise, training: bool, *operands: Tensor) -> Tensor:
    """Apply the function to values, and to a parameter that lies along some axes."""
    x, *others = operands
    arguments = dict(primitive.arguments)
    if primitive.function == "dropout":
        return F.dropout(x, float(arguments["p"]), training)
    if primitive.function in COMBINED:
        for other in others:
            x = COMBINED[primitive.function](x, along(primitive, x, other))
        return x
    if primitive.function == "where":
        first, second = others
        return torch.where(x != 0, first, second)
    if primitive.function == "prelu":
        return torch.where(x > 0, x, along(primitive, x, others[0]) * x)
    if primitive.function == "band_mask":
        return x.masked_fill(~visible(x, **arguments), -torch.inf)
    if primitive.function == "identity":
        return x
    return computed(primitive.function, x, arguments)


def drop(x: Tensor, rate: Tensor) -> Tensor:
    """Set a part `rate` (a scalar tensor) of x to zero at random, and scale what is left."""
    rate = rate.to(x.dtype)
    scale = torch.where(rate < 1, 1 / (1 - rate), 0)
    return x * ((torch.rand_like(x) >= rate) * scale)


def visible(x: Tensor, before: int | None, after: int | None) -> Tensor:
    """Say what lies in a band around the diagonal that ends in the lower right corner."""
    rows, columns = x.shape[-2:]
    seen = torch.ones(rows, columns, dtype=torch.bool, device=x.device)
    if after is not None:
        seen = seen.tril(columns - rows + after)
    return seen if before is None else seen.triu(columns - rows - before)


def along(primitive: Elementwise, x: Tensor, other: Tensor) -> Tensor:
    """Give a parameter the axes of x (which has a batch axis); values have them already."""
    if primitive.axis is None:
        return other if other.ndim == x.ndim else other.reshape(())
    lies = lying(tuple(other.shape))
    after = x.ndim - 1 - primitive.parameter_start(x.ndim - 1) - len(lies)
    return other.reshape(*lies, *(1,) * after)
