"""What torch-pruning takes out together with one channel, by tensor, axis and index.

torch-pruning (Fang et al. 2023, *DepGraph*) traces a module and follows channels by rules for each
kind of layer; it knows nothing of ours.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch_pruning as tp

ROOTS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


def roots(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """List the layers whose channels are its roots."""
    return ((name, layer) for name, layer in module.named_modules() if isinstance(layer, ROOTS))


def graph_of(module: nn.Module, inputs: Sequence[torch.Tensor]) -> Any:
    """Trace a module."""
    graph = tp.DependencyGraph()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return graph.build_dependency(module, inputs[0] if len(inputs) == 1 else tuple(inputs))


def group_of(graph: Any, layer: nn.Module, item: int = 0) -> Any:
    """Give the group of one channel of a layer."""
    pruner = graph.get_pruner_of_module(layer)
    return graph.get_pruning_group(layer, pruner.prune_out_channels, [item])


def numbered(module: nn.Module) -> nn.Module:
    """Give a module in which each trained scalar is a number of its own."""
    module, at = copy.deepcopy(module), 1
    with torch.no_grad():
        for parameter in module.parameters():
            numbers = torch.arange(at, at + parameter.numel(), dtype=parameter.dtype)
            parameter.copy_(numbers.reshape(parameter.shape))
            at += parameter.numel()
    return module


def scalars_of(module: nn.Module, group: Any) -> set[int]:
    """List the scalars that a group has of a module whose scalars are numbered."""
    found: set[int] = set()
    for dep, indices in group:
        target, out = dep.target.module, dep.handler.__name__.startswith("prune_out")
        if isinstance(target, nn.Parameter):
            rows = [(target, dep.target.pruning_dim % target.dim())]
        elif isinstance(target, nn.Module):
            rows = [*axes_of(target, out)]
        for tensor, axis in rows:
            found |= {int(n) for n in tensor.index_select(axis, torch.tensor(indices)).flatten()}
    return found


def axes_of(layer: nn.Module, out: bool) -> Iterator[tuple[nn.Parameter, int]]:
    """List the tensors of a layer that lose something, and the axis along which."""
    weight = getattr(layer, "weight", None)
    if weight is None:
        return
    if weight.dim() == 1:
        yield weight, 0
    elif isinstance(layer, (nn.ConvTranspose2d, nn.Embedding)):
        yield weight, int(out)
    elif getattr(layer, "groups", 1) > 1:  # each group's inputs are its own, and go with it
        yield weight, 0
    else:
        yield weight, int(not out)
    if getattr(layer, "bias", None) is not None and (out or weight.dim() == 1):
        yield layer.bias, 0


def first_of(layer: Any) -> set[int]:
    """List the scalars of the first channel of a layer's weight, in numbers."""
    swapped = isinstance(layer, (nn.Embedding, nn.ConvTranspose2d))
    return {int(number) for number in layer.weight.select(int(swapped), 0).flatten()}


def without(module: nn.Module, inputs: Sequence[torch.Tensor], name: str) -> Any:
    """Take out the first channel of a layer, and give what the module gives then.

    Of a module that no longer runs this is the error.
    """
    module = copy.deepcopy(module)
    group = group_of(graph_of(module, inputs), module.get_submodule(name))
    try:
        group.prune()
        with torch.no_grad():
            return module(*inputs)
    except (RuntimeError, ValueError, IndexError) as error:
        return error
