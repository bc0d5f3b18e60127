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
    if kind in ("lora", "dora"):
        add_narrow(module, options["rank"], kind)
    replaced = {"weight_standardization": standardised, "lora": adapted, "dora": lengthened}[kind]
    plain = module.forward

    def forward(x: Tensor) -> Tensor:
        kept = module._parameters.pop(local)
        assert kept is not None
        groups = getattr(module, "groups", 1)
        if groups > 1 and kind == "lora":  # what is added reads all channels: no groups for once
            setattr(module, local, of_groups(module, kept, **options))
            module.groups = 1  # type: ignore[assignment]
        else:
            setattr(module, local, replaced(module, kept, **options))
        try:
            y: Tensor = plain(x)
        finally:
            if groups > 1:
                module.groups = groups
            delattr(module, local)
            module.register_parameter(local, kept)
        return y

    module.forward = forward  # type: ignore[method-assign]


def add_narrow(module: nn.Module, rank: int, kind: str) -> None:
    """Add the narrow weights of an adapter, under the names that `peft` saves."""
    weight = module.get_parameter("weight")
    if isinstance(module, nn.Embedding):
        module.lora_embedding_A = nn.Parameter(weight.new_zeros(rank, len(weight)))
        module.lora_embedding_B = nn.Parameter(weight.new_zeros(weight.shape[1], rank))
    elif isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        same = type(module)(
            module.in_channels, rank, module.kernel_size, module.stride, module.padding,
            module.dilation, bias=False, padding_mode=module.padding_mode,
        )  # fmt: skip
        narrow = type(module)(rank, module.out_channels, 1, groups=module.groups, bias=False)
        module.lora_A, module.lora_B = same.to(weight), narrow.to(weight)
    else:
        module.lora_A = nn.Linear(weight.shape[1], rank, bias=False).to(weight)
        module.lora_B = nn.Linear(rank, len(weight), bias=False).to(weight)
    if kind == "dora":
        outputs = weight.shape[isinstance(module, nn.Embedding)]
        ones = (1,) * (weight.ndim - 2)
        sizes = (1, outputs, *ones) if ones else (outputs,)
        module.lora_magnitude_vector = nn.Parameter(weight.new_ones(sizes))


def standardised(_: nn.Module, weight: Tensor, eps: float, unbiased: bool) -> Tensor:
    """Give rows the mean 0 and the deviation 1: Qiao et al. 2019."""
    rows = weight.flatten(1)
    centred = rows - rows.mean(1, keepdim=True)
    if unbiased:  # as their code has it
        return (centred / (rows.std(1, keepdim=True) + eps)).view_as(weight)
    return (centred / torch.sqrt(centred.square().mean(1, keepdim=True) + eps)).view_as(weight)


def adapted(module: nn.Module, weight: Tensor, rank: int, alpha: float) -> Tensor:
    """Add a product of two narrow weights: Hu et al. 2022."""
    if isinstance(module, nn.Embedding):
        product = (module.get_parameter("lora_embedding_B") @ module.get_parameter(
            "lora_embedding_A")).T  # fmt: skip
        return weight + alpha / rank * product
    down, up = module.get_parameter("lora_A.weight"), module.get_parameter("lora_B.weight")
    return weight + alpha / rank * (up.flatten(1) @ down.flatten(1)).view_as(weight)


def of_groups(module: nn.Module, weight: Tensor, rank: int, alpha: float) -> Tensor:
    """Spell out a kernel of groups, and add what the adapter adds to it."""
    groups = module.groups
    assert isinstance(groups, int)
    down, up = module.get_parameter("lora_A.weight"), module.get_parameter("lora_B.weight")
    rows, columns = len(weight) // groups, weight.shape[1]
    parts = []
    for group, (own, narrow) in enumerate(zip(up.flatten(1).split(rows), down.split(rank // groups),
                                              strict=True)):  # fmt: skip
        whole = alpha / rank * torch.tensordot(own, narrow, 1)
        mine = slice(group * columns, (group + 1) * columns)
        whole[:, mine] += weight[group * rows : (group + 1) * rows]
        parts.append(whole)
    return torch.cat(parts)


def lengthened(module: nn.Module, weight: Tensor, rank: int, alpha: float) -> Tensor:
    """Give the weight of each output a length of its own: Liu et al. 2024."""
    whole = adapted(module, weight, rank, alpha)
    lengths = module.get_parameter("lora_magnitude_vector")
    if isinstance(module, nn.Embedding):
        return whole / whole.norm(dim=0) * lengths
    rows = whole.flatten(1)
    return (rows / rows.norm(dim=1, keepdim=True) * lengths.reshape(-1, 1)).view_as(whole)
