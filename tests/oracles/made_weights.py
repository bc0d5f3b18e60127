"""Weights made from others in modules of torch: by torch itself, or as the papers write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

TORCH_OWN = {
    ("weight_norm", False): parametrizations.weight_norm,
    ("weight_norm", True): nn.utils.weight_norm,
    ("spectral_norm", False): parametrizations.spectral_norm,
    ("spectral_norm", True): nn.utils.spectral_norm,
}


def make_weights(module: nn.Module, local: str, how: Mapping[str, Mapping[str, Any]]) -> None:
    """Make a weight of a module, in place, as an entry of `parametrizations` says."""
    ((kind, options),) = how.items()
    if kind in ("weight_norm", "spectral_norm"):
        TORCH_OWN[kind, options["legacy"]](module, local, dim=options["dim"])
        return
    if kind == "lora":
        weight, rank = getattr(module, local), options["rank"]
        ones = (1,) * (weight.ndim - 2)
        module.lora_A = nn.Parameter(weight.new_zeros(rank, *weight.shape[1:]))
        module.lora_B = nn.Parameter(weight.new_zeros(len(weight), rank, *ones))
    replaced = {"weight_standardization": standardised, "lora": adapted}[kind]
    plain = module.forward

    def forward(x: Tensor) -> Tensor:
        kept = module._parameters.pop(local)
        assert kept is not None
        setattr(module, local, replaced(module, kept, **options))
        try:
            y: Tensor = plain(x)
        finally:
            delattr(module, local)
            module.register_parameter(local, kept)
        return y

    module.forward = forward  # type: ignore[method-assign]


def standardised(_: nn.Module, weight: Tensor, eps: float, unbiased: bool) -> Tensor:
    """Give rows the mean 0 and the deviation 1: Qiao et al. 2019."""
    rows = weight.flatten(1)
    centred = rows - rows.mean(1, keepdim=True)
    if unbiased:  # as their code has it
        return (centred / (rows.std(1, keepdim=True) + eps)).view_as(weight)
    return (centred / torch.sqrt(centred.square().mean(1, keepdim=True) + eps)).view_as(weight)


def adapted(module: nn.Module, weight: Tensor, rank: int, alpha: float) -> Tensor:
    """Add a product of two narrow weights: Hu et al. 2022."""
    down, up = module.get_parameter("lora_A"), module.get_parameter("lora_B")
    return weight + alpha / rank * (up.flatten(1) @ down.flatten(1)).view_as(weight)
