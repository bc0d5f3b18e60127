"""Where the numbers of a learned optimizer's layout lie in the parameters of a torch module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import graphgen
from metanet.errors import MetanetError
from metanet.models.learned_optimizer.layout import REFERENCE, Layout
from metanet.options import shown
from metanet.part import float_offsets
from spec import Architecture, SpecError

Weights = Mapping[str, NDArray[Any]]
Read = Callable[[nn.Module], tuple[Architecture, Weights]]
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
TABLES = (nn.Embedding, nn.EmbeddingBag)


@dataclass(frozen=True, eq=False)
class Placement:
    """For each number of a layout, its place in tensors that are laid one after the other.

    Attributes:
        layout: what the learned optimizer reads.
        tensors: parameters, and buffers that are seen with them.
        places: in the tensors, of the numbers (P,); None if they are the tensors' own, in order.
        constants: the numbers that have no place, where `places` is negative.
    """

    layout: Layout
    tensors: tuple[Tensor, ...]
    places: Tensor | None = None
    constants: Tensor | None = None

    def gathered(self, parts: Sequence[Tensor]) -> Tensor:
        """Take numbers of the tensors, (size, ...) each, into the order of the layout."""
        rows = torch.cat(list(parts))
        if self.places is None:
            return rows
        found = rows[self.places.clamp_min(0)]
        found[self.places < 0] = 0
        return found

    def spread(self, row: Tensor) -> list[Tensor]:
        """Give each tensor its numbers, (size,); of one that has several, their mean."""
        sizes = [tensor.numel() for tensor in self.tensors]
        if self.places is not None:
            known = self.places >= 0
            sums, counts = row.new_zeros(sum(sizes)), row.new_zeros(sum(sizes))
            sums.index_add_(0, self.places[known], row[known])
            counts.index_add_(0, self.places[known], torch.ones_like(row[known]))
            row = sums / counts.clamp_min(1)
        return list(row.split(sizes))

    @cached_property
    def unseen(self) -> dict[int, Tensor]:
        """Say which elements of the tensors the layout lacks, by the tensor's number."""
        if self.places is None:
            return {}
        sizes = [tensor.numel() for tensor in self.tensors]
        lost = torch.ones(sum(sizes), dtype=torch.bool, device=self.places.device)
        lost[self.places[self.places >= 0]] = False
        return {i: part for i, part in enumerate(lost.split(sizes)) if bool(part.any())}


def without_graph(parameters: Sequence[Tensor], module: nn.Module | None) -> Placement:
    """Place parameters of which no graph is known; a `module` says which are tables or norms."""
    alone = {
        id(parameter)
        for one in (module.modules() if module is not None else ())
        if isinstance(one, (*NORMS, *TABLES))
        for parameter in one.parameters(recurse=False)
    }
    transposed = {
        id(one.weight): one.groups
        for one in (module.modules() if module is not None else ())
        if isinstance(one, nn.modules.conv._ConvTransposeNd)
    }
    fan_ins = []
    for parameter in parameters:
        shape = parameter.shape
        if parameter.ndim < 2 or id(parameter) in alone:
            fan_ins.append(REFERENCE)
        elif id(parameter) in transposed:
            fan_ins.append(parameter.numel() // shape[1] // transposed[id(parameter)])
        else:
            fan_ins.append(parameter.numel() // shape[0])
    layout = Layout.without_graph([p.shape for p in parameters], fan_ins)
    return Placement(layout, tuple(parameters))


def in_graph(module: nn.Module, read: Read) -> Placement:
    """Find the parameters of a module in the graph of the architecture that `read` gives of it.

    A copy of the module is read twice, with other numbers in the place of its weights, so that
    each number of the graph says from which weight it comes, whatever was transposed, cut or tied
    on the way. Raises `MetanetError` where the graph has numbers computed from weights.
    """
    tensors = tracked(module)
    total = sum(tensor.numel() for tensor in tensors.values())
    first, second = (numbers_of(module, shift, read) for shift in (0, total))
    net, template, row = first
    other = second[2]
    if net.hash != second[0].hash:
        raise MetanetError(
            "the module's architecture depends on the numbers of its weights, so none fits it as "
            "they change; give the parameters alone, and an optimizer that sees no graph"
        )
    places = np.where(row == other, -1, row - 1)
    wrong = (row != other) & ((other - row != total) | (row < 1) | (row > total))
    if wrong.any():
        names = [
            name
            for name, (start, size) in float_offsets(template).items()
            if wrong[start : start + size].any()
        ]
        raise MetanetError(
            f"the graph has numbers that are computed from weights, at {', '.join(names[:5])}, and "
            "no update of them is one of the weights; take away what computes them (such as weight "
            "norm), or give the parameters alone, and an optimizer that sees no graph"
        )
    device = next(iter(tensors.values())).device
    return Placement(
        Layout.of(template),
        tuple(tensors.values()),
        torch.from_numpy(places.astype(np.int64)).to(device),
        torch.from_numpy(np.where(places < 0, row, 0.0)).to(device),
    )


def tracked(module: nn.Module) -> dict[str, Tensor]:
    """Give the tensors of a module that change in training, by name: tied ones once."""
    found: dict[str, Tensor] = dict(module.named_parameters())
    for name, one in module.named_modules():
        if isinstance(one, nn.modules.batchnorm._NormBase):
            buffers = one.named_buffers(prefix=name, recurse=False)
            found |= {key: buffer for key, buffer in buffers if buffer.is_floating_point()}
    if not found:
        raise MetanetError(f"{type(module).__name__} has no parameters")
    return found


def numbers_of(
    module: nn.Module, shift: int, read: Read
) -> tuple[Architecture, graphgen.Template, NDArray[np.float64]]:
    """Read a copy of a module whose weights are numbered from 1 on, plus `shift`."""
    twin = copy.deepcopy(module).double().eval()
    start = 1 + shift
    with torch.no_grad():
        for tensor in tracked(twin).values():
            stop = start + tensor.numel()
            tensor.copy_(torch.arange(start, stop, dtype=torch.float64).view(tensor.shape))
            start = stop
    net, weights = read(twin)
    template = graphgen.template(net)
    rows = [np.asarray(weights[name], np.float64).ravel() for name in float_offsets(template)]
    return net, template, np.concatenate(rows) if rows else np.zeros(0)


def importing(inputs: Any) -> Read:
    """Read modules by importing them, as they compute on example inputs."""
    named = isinstance(inputs, Mapping) and all(isinstance(name, str) for name in inputs)
    if not (isinstance(inputs, (Tensor, tuple, list)) or named):
        raise MetanetError(
            f"`inputs` is {shown(inputs)}, expected a tensor, a tuple of them, or a dict of them "
            "by the names of the arguments of `forward`"
        )

    def doubled(given: Any) -> Any:
        if isinstance(given, Tensor):
            return given.detach().to(torch.float64) if given.is_floating_point() else given
        if isinstance(given, Mapping):
            return {key: doubled(value) for key, value in given.items()}
        if isinstance(given, (list, tuple)):
            return tuple(doubled(value) for value in given)
        return given

    def read(module: nn.Module) -> tuple[Architecture, Weights]:
        try:
            found = graphgen.importers.from_torch(module, doubled(inputs), check=False)
        except (graphgen.GraphError, SpecError) as error:
            raise MetanetError(f"`inputs` do not import the module: {error}") from None
        return found.net, found.weights

    return read


def by_names(net: Architecture) -> Read:
    """Read modules whose `state_dict` is a checkpoint of an architecture."""

    def read(module: nn.Module) -> tuple[Architecture, Weights]:
        stored = {name: tensor.cpu().numpy() for name, tensor in module.state_dict().items()}
        try:
            return net, graphgen.Checkpoint.read(net, stored).weights
        except (graphgen.GraphError, SpecError) as error:
            raise MetanetError(f"the module is none of the architecture `net`: {error}") from None

    return read
