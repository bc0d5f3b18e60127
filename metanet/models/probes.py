"""Probes: what a network's neurons say to inputs that the metanet chooses."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.quasirandom import SobolEngine

import graphgen
import spec
from metanet.batch import Part, float_offsets
from metanet.errors import MetanetError
from metanet.evaluate.stack import stack_values
from metanet.models.side_inputs import SideInputs, brought
from metanet.options import WIDTH, check
from metanet.sources import Net, architecture_of

NEWEST = 0.02
"""The least share of a new batch in running statistics."""
LEAST = 1e-4
MOST_OF_GRIDS = 3
"""Of how many numbers an input may be, to be spread on a grid."""


class Probes(nn.Module):
    """Features of nodes: the activations of neurons at `count` learned inputs.

        features = Probes(net, 64)(part)      # (networks, num_nodes, 64)

    Kofinas et al. (ICLR 2024), probe features. The inputs are parameters, at first spread evenly
    over [-1, 1], as a grid where there is one of so many (64 of two coordinates: 8 by 8). A
    neuron's activation is the last value that it computes, averaged over positions such as pixels,
    on a scale that is linear near zero and logarithmic far from it (asinh); parameter nodes have
    zeros. Permuting a network's neurons permutes their features. For networks of one architecture,
    which reads numbers.

    With `standardised`, features of a layer's neurons have mean 0 and deviation 1 at each input
    over the networks that were seen in training, by running statistics: those after a batch in
    training, and the last ones later.
    """

    outputs: Tensor
    mean: Tensor
    deviation: Tensor
    batches: Tensor

    def __init__(
        self,
        net: Net,
        count: int,
        standardised: bool = False,
    ) -> None:
        super().__init__()
        self.net = architecture_of(net)
        self.count = check("probes", count, {"probes": WIDTH})
        refuse_indices(self.net)
        self.points = nn.ParameterList(
            nn.Parameter(spread(count, shape)) for shape in self.net.inputs.values()
        )
        self.found = graphgen.neuron_values(self.net)
        groups = [group for group in graphgen.template(self.net).node_groups if group.output >= 0]
        places = [torch.arange(group.start, group.start + group.size) for group in groups]
        self.register_buffer("outputs", torch.cat(places), persistent=False)
        for place, found in enumerate(self.found):
            nodes = torch.tensor(found.nodes.ravel())
            self.register_buffer(f"nodes{place}", nodes, persistent=False)
        self.standardised = standardised
        if standardised:
            self.register_buffer("mean", torch.zeros(len(self.found), count))
            self.register_buffer("deviation", torch.ones(len(self.found), count))
            self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

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
            items = activation.reshape(*activation.shape[:2], len(nodes)).transpose(1, 2)
            share = group.size / len(nodes)
            features = features.index_add(1, nodes + group.start, items * share)
        features = features.asinh()
        return self.standardise(features, part) if self.standardised else features

    def answers(self, features: Tensor) -> Tensor:
        """Take what output neurons say out of features of nodes, (networks, outputs * count)."""
        return features.index_select(1, self.outputs.to(features.device)).flatten(1)

    def standardise(self, features: Tensor, part: Part) -> Tensor:
        """Subtract the mean of each layer's neurons at each input, and divide by the deviation."""
        groups = [part.template.node_groups[found.group] for found in self.found]
        if self.training and len(features):
            self.observe([features[:, g.start : g.start + g.size] for g in groups])
        means = features.new_zeros(features.shape[1:])
        factors = features.new_ones(features.shape[1:])
        for group, mean, deviation in zip(groups, self.mean, self.deviation, strict=True):
            own = slice(group.start, group.start + group.size)
            means[own], factors[own] = mean, 1 / deviation.clamp_min(LEAST)
        return (features - means) * factors

    @torch.no_grad()
    def observe(self, layers: Sequence[Tensor]) -> None:
        """Take in the features of one batch: the first ones count as they are, later ones less."""
        share = (1 / (1 + self.batches)).clamp_min(NEWEST).to(self.mean)
        for place, layer in enumerate(layers):
            rows = layer.flatten(0, 1)
            self.mean[place].lerp_(rows.mean(0).to(self.mean), share)
            self.deviation[place].lerp_(rows.std(0, correction=0).to(self.mean), share)
        self.batches += 1


def features_of(part: Part, count: int, probes: Probes | None) -> Tensor:
    """Give what a batch brings of each node, `count` numbers, and what probes find beside it."""
    found = [brought(part, count)] if count else []
    if probes is not None:
        found.append(probes(part))
    return torch.cat(found, dim=2)


def probes_of(options: SideInputs) -> Probes | None:
    """Make the probes that options ask for."""
    if not options.probes or options.net is None:
        return None
    return Probes(options.net, options.probes, options.standardise_probes)


def spread(count: int, shape: tuple[int, ...]) -> Tensor:
    """Spread points evenly over [-1, 1], (count, *shape): a grid where there is one of so many.

    >>> spread(4, (2,)).tolist()
    [[-0.625, -0.375], [-0.625, 0.625], [0.375, -0.375], [0.375, 0.625]]
    """
    size = prod(shape)
    side = round(count ** (1 / max(size, 1)))
    if 0 < size <= MOST_OF_GRIDS and side**size == count:
        # Not as far from the border along each axis: no point has two numbers that are equal.
        moved = [0.5 + ((2 * axis + 1) / size - 1) / 4 for axis in range(size)]
        places = [(torch.arange(side) + one) * (2 / side) - 1 for one in moved]
        return torch.cartesian_prod(*places).reshape(count, *shape)
    seed = int(torch.randint(2**31, (), device="cpu"))
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
    for name in net.index_inputs:
        raise MetanetError(
            f"the input {name!r} of {net.name!r} holds indices of a table, which cannot be "
            "learned as probes are; set `probes` to 0"
        )
