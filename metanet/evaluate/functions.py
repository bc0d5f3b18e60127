"""Functions of single numbers, in torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from graphgen.evaluate.registered import Evaluations
from metanet.errors import MetanetError

Evaluation = Callable[..., Tensor]

FUNCTIONS: dict[str, Evaluation] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "gelu": F.gelu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "silu": F.silu,
    "mish": F.mish,
    "sigmoid": torch.sigmoid,
    "log_sigmoid": F.logsigmoid,
    "tanh": torch.tanh,
    # PyTorch replaces softplus by the identity above a threshold: here where exp overflows.
    "softplus": lambda x, beta: F.softplus(x, beta, log(torch.finfo(x.dtype).max) - 1),
    "softsign": F.softsign,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "tanhshrink": F.tanhshrink,
    "threshold": F.threshold,
    "clamp": torch.clamp,
    "sine": lambda x, frequency: torch.sin(frequency * x),
    "cosine": lambda x, frequency: torch.cos(frequency * x),
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "abs": torch.abs,
    "square": torch.square,
    "power": torch.pow,
    "sign": torch.sign,
    # Its slope is 0 wherever it has one, which PyTorch leaves out.
    "heaviside": lambda x, values: torch.heaviside(x.detach(), x.new_tensor(values)),
    "erf": torch.erf,
    "scale_by": lambda x, factor: x * factor,
    "shift_by": lambda x, value: x + value,
}


EVALUATIONS = Evaluations("torch", "metanet", "a tensor", MetanetError, FUNCTIONS)


def register_function(name: str) -> Callable[[Evaluation], Evaluation]:
    """Say how a function that `spec.register_function` has added is computed in torch.

        spec.register_function("snake", "`x + sin(x)^2`.")

        @metanet.register_function("snake")
        def snake(x):
            return x + torch.sin(x) ** 2

    It gets a tensor of any shape and the constants by name, and gives a tensor of that shape.
    Raises `MetanetError` for a function that the language does not have.
    """
    return EVALUATIONS.add(name)


def computed(name: str, x: Tensor, constants: Mapping[str, Any]) -> Tensor:
    """Compute a function of each number of a tensor."""
    return EVALUATIONS(name, x, constants)
