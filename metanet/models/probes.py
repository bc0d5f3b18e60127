"""Probes: what a network's neurons say to inputs that the metanet chooses."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.quasirandom import SobolEngine

import graphgen
import spec
from metanet.batch import Part, float_offsets
from metanet.errors import MetanetError, check_at_least
from metanet.evaluate.stack import stack_values
from metanet.models.metanet import architecture_of
from spec.primitives import Lookup


class Probes(nn.Module):
    """Features of nodes: the activations of neurons at `count` learned inputs.

        features = Probes(net, 64)(part)      # (networks, num_nodes, 64)

    Kofinas et al. (ICLR 2024), probe features. The inputs are parameters, at first spread evenly
    over [-1, 1]. A neuron's activation is the last value that it computes, averaged over positions
    such as pixels, on a scale that is linear near zero and logarithmic far from it (asinh);
    parameter nodes have zeros. Permuting a network's neurons permutes their features. For networks
    of one architecture, which reads numbers.
    """

    def __init__(self, net: spec.Architecture | Mapping[str, Any] | None, count: int) -> None:
        super().__init__()
        if net is None:
            raise MetanetError(
                f"`probes` is {count}, and `net` is missing: the architecture of the networks, by "
                "which they are evaluated"
            )
        check_at_least(1, probes=count)
        self.net = architecture_of(net)
        self.count = count
        refuse_indices(self.net)
        self.points = nn.ParameterList(
            nn.Parameter(spread(count, shape)) for shape in self.net.inputs.values()
        )
        self.found = graphgen.neuron_values(self.net)
        for place, found in enumerate(self.found):
            nodes = torch.tensor(found.nodes.ravel())
            self.register_buffer(f"nodes{place}", nodes, persistent=False)

    def forward(self, part: Part) -> Tensor:
        """Give the features of the nodes of a part, (networks, num_nodes, count)."""
        template = part.template
        if template.architecture != self.net.hash or template.kind != "parameter":
            raise MetanetError(
                f"these probes evaluate networks of the architecture {self.net.hash[:12]} "
                f"({self.net.name}) on parameter graphs, got a {template.kind} graph of "
                f"{template.architecture[:12]}"
            )
        values = part.values
        points = [one.to(values) for one in self.points]
        activations = stack_values(
            self.net, stacked(part, self.net), [f.value for f in self.found], *points
        )
        features = values.new_zeros(len(values), template.num_nodes, self.count)
        for place, (found, activation) in enumerate(zip(self.found, activations, strict=True)):
            group = template.node_groups[found.group]
            nodes = getattr(self, f"nodes{place}")
            items = activation.flatten(2).transpose(1, 2) * (group.size / len(nodes))
            features = features.index_add(1, nodes + group.start, items)
        return features.asinh()


def spread(count: int, shape: tuple[int, ...]) -> Tensor:
    """Spread points evenly over [-1, 1], (count, *shape)."""
    seed = int(torch.randint(2**31, ()))
    size = prod(shape)
    if size > SobolEngine.MAXDIM:
        return 2 * torch.rand(count, *shape) - 1
    drawn = SobolEngine(size, scramble=True, seed=seed).draw(count)
    return (2 * drawn - 1).view(count, *shape)


def stacked(part: Part, net: spec.Architecture) -> dict[str, Tensor]:
    """Give the tensors of a part's networks by name, (networks, ...); of integers, zeros."""
    offsets = float_offsets(part.template)
    return {
        name: part.tensor(name).view(-1, *tensor.shape)
        if name in offsets
        else torch.zeros(
            len(part.values), *tensor.shape,
            dtype=getattr(torch, tensor.dtype), device=part.values.device,
        )
        for name, tensor in net.tensors.items()
    }  # fmt: skip


def refuse_indices(net: spec.Architecture) -> None:
    """Raise `MetanetError` for inputs that are indices of a table: there is no learning those."""
    for operation in net.operations:
        primitive = operation.primitive
        if isinstance(primitive, Lookup) and primitive.kind == "table":
            for name in set(operation.inputs) & set(net.inputs):
                raise MetanetError(
                    f"the input {name!r} of {net.name!r} holds indices of a table, which cannot be "
                    "learned as probes are; set `probes` to 0"
                )
