"""Elementwise functions, in torch."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Elementwise

FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    # PyTorch replaces softplus by the identity above a threshold: here where exp overflows.
    "softplus": lambda x, beta: F.softplus(x, beta, log(torch.finfo(x.dtype).max) - 1),
    "softsign": F.softsign,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "sine": lambda x, frequency: torch.sin(frequency * x),
    "cosine": lambda x, frequency: torch.cos(frequency * x),
    "scale": lambda x, factor: x * factor,
    "causal_mask": lambda x: x.masked_fill(~visible(x), -torch.inf),
}


def run(primitive: Elementwise, training: bool, *operands: Tensor) -> Tensor:
    """Apply the function to values, and to a parameter that lies along some axes."""
    x, *others = operands
    arguments = dict(primitive.arguments)
    if primitive.function == "dropout":
        return F.dropout(x, float(arguments["p"]), training)
    if primitive.function in ("add", "multiply"):
        for other in others:
            aligned = along(primitive, x, other)
            x = x + aligned if primitive.function == "add" else x * aligned
        return x
    if primitive.function == "prelu":
        return torch.where(x > 0, x, along(primitive, x, others[0]) * x)
    return FUNCTIONS[primitive.function](x, **arguments)


def drop(x: Tensor, rate: Tensor) -> Tensor:
    """Set a part `rate` (a scalar tensor) of x to zero at random, and scale what is left."""
    rate = rate.to(x.dtype)
    scale = torch.where(rate < 1, 1 / (1 - rate), 0)
    return x * ((torch.rand_like(x) >= rate) * scale)


def visible(x: Tensor) -> Tensor:
    """Say what is left of the diagonal that ends in the lower right corner, or on it."""
    rows, columns = x.shape[-2:]
    return torch.ones(rows, columns, dtype=torch.bool, device=x.device).tril(columns - rows)


def along(primitive: Elementwise, x: Tensor, other: Tensor) -> Tensor:
    """Give a parameter the axes of x (which has a batch axis); values have them already."""
    if primitive.axis is None:
        return other if other.ndim == x.ndim else other.reshape(())
    after = x.ndim - 1 - primitive.parameter_start(x.ndim - 1) - other.ndim
    return other.reshape(*other.shape, *(1,) * after)
