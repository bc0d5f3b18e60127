"""Encoding: weights, blocks and node groups as first states of edges, blocks and nodes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphgen.features.edges import BLOCK_NAMES, COORDINATE_NAMES
from graphgen.features.nodes import GROUP_NAMES, PLACE_NAMES
from metanet.batch import Batch
from metanet.models.edge_numbers import (
    alike_slices,
    coordinates_of,
    extras_beside,
    extras_of,
    in_order,
    values_of,
    weights_of,
)
from metanet.models.few_inputs import from_few
from metanet.models.side_inputs import brought
from metanet.plan import Plan

SCALES = 3


def several_scales(x: Tensor) -> Tensor:
    """Show each number clamped, as a steep tanh, and as a signed logarithm; zero stays zero."""
    logarithm = x.abs().mul_(100).log1p().mul_(0.25).copysign(x)
    return torch.cat([x.clamp(-3, 3), (4 * x).tanh_(), logarithm], dim=-1)


class EdgeEncoder(nn.Module):
    """First edge states: a linear map of the weights on several scales and of coordinates.

    Without `coordinates`, the weights of a folded kernel are summed, and coordinates left out.
    `extras` is how many numbers a batch brings beside each weight.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        fan_in_power: float,
        coordinates: bool = True,
        extras: int = 0,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.fan_in_power = fan_in_power
        self.coordinates = coordinates
        inputs = SCALES * channels + len(COORDINATE_NAMES) if coordinates else SCALES
        self.linear = nn.Linear(inputs, hidden)
        self.count = extras
        own = SCALES * extras * (channels if coordinates else 1)
        self.extras = nn.Linear(own, hidden, bias=False) if extras else None

    def forward(self, plan: Plan, batch: Batch) -> Tensor:
        """Give states (num_edges, hidden)."""
        values, groups = values_of(plan, batch), alike_slices(plan)
        extras = extras_beside(plan, batch, self.count) if self.count else []
        states = []
        for group in groups:
            weights = weights_of(plan, group, values, self.fan_in_power)
            inputs = self.shown(weights, len(group.slots))
            matrix = self.linear.weight
            if self.coordinates:
                columns = self.columns(group.slots)
                if group.coordinates:
                    inputs = torch.cat([inputs, coordinates_of(plan, group, weights)], dim=1)
                    columns += range(SCALES * self.channels, matrix.shape[1])
                matrix = chosen(matrix, columns)
            state = from_few(inputs, matrix, self.linear.bias)
            if self.extras is not None:
                beside = self.shown(extras_of(plan, group, extras, self.count), len(group.slots))
                matrix = self.extras.weight
                if self.coordinates:
                    step = SCALES * self.channels
                    own = self.columns(group.slots)
                    columns = [step * i + column for i in range(self.count) for column in own]
                    matrix = chosen(matrix, columns)
                state = state + from_few(beside.flatten(1), matrix)
            states.append(state)
        return in_order(plan, groups, states)

    def shown(self, numbers: Tensor, slots: int) -> Tensor:
        """Show numbers (..., slots) on several scales, summed over taps that look alike."""
        scaled = several_scales(numbers)
        if self.coordinates or slots == 1:
            return scaled
        return scaled.unflatten(-1, (SCALES, slots)).sum(-1)

    def columns(self, slots: Sequence[int]) -> list[int]:
        """Give the columns of the linear map that read numbers in some channels."""
        return [scale * self.channels + slot for scale in range(SCALES) for slot in slots]


def chosen(matrix: Tensor, columns: Sequence[int]) -> Tensor:
    """Take some columns of a matrix."""
    if list(columns) == list(range(matrix.shape[1])):
        return matrix
    return matrix[:, torch.tensor(columns, device=matrix.device)]


def column_map(names: tuple[str, ...], hidden: int) -> nn.Linear:
    """Make a linear map of columns; those of kinds and steps begin as embeddings do."""
    result = nn.Linear(len(names), hidden)
    words = sum(name.startswith(("kind_", "step_")) for name in names)  # they come first
    bound = (len(names) - words) ** -0.5
    with torch.no_grad():
        result.weight[:, :words].normal_()
        result.weight[:, words:].uniform_(-bound, bound)
    return result


class BlockEncoder(nn.Module):
    """A state for each block, from its columns of `graphgen.features`."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.columns = column_map(BLOCK_NAMES, hidden)

    def forward(self, plan: Plan) -> Tensor:
        """Give states (num_blocks, hidden)."""
        columns = torch.cat([part.layout.block_columns for part in plan.parts])
        result: Tensor = self.columns(columns.to(self.columns.weight))
        return result


class NodeEncoder(nn.Module):
    """First node states, from the columns of `graphgen.features`.

    Without `positions`, input and output neurons are not told apart by their place; `features` is
    the number of further features that a batch brings.
    """

    def __init__(self, hidden: int, positions: bool = True, features: int = 0) -> None:
        super().__init__()
        self.columns = column_map(GROUP_NAMES, hidden)
        self.places = nn.Linear(len(PLACE_NAMES), hidden, bias=False) if positions else None
        self.features = nn.Linear(features, hidden, bias=False) if features else None

    def forward(self, plan: Plan, batch: Batch) -> Tensor:
        """Give states (num_nodes, hidden)."""
        columns = torch.cat([part.layout.group_columns for part in plan.parts])
        groups = self.columns(columns.to(self.columns.weight))
        result: Tensor = groups[plan.node_group]
        if self.places is not None:
            parts = plan.parts
            places = torch.cat([p.layout.places.repeat(p.networks, 1) for p in parts])
            result = result + self.places(places.to(self.places.weight))
        if self.features is not None:
            result = result + self.features(node_features(batch, self.features.in_features))
        return result


def node_features(batch: Batch, count: int) -> Tensor:
    """Collect the features that a batch brings for its nodes, (num_nodes, count)."""
    return torch.cat([brought(part, count).flatten(0, 1) for part in batch.parts])


def waves(count: int, like: Tensor) -> Tensor:
    """Give sines and cosines of places, (count, width), as for the words of a transformer."""
    width = like.shape[-1]
    rates = 100.0 ** (-torch.arange((width + 1) // 2).to(like) * 2 / width)
    angles = torch.outer(torch.arange(count).to(like), rates)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width]
