"""Encoding: weights, blocks and node groups as first states of edges, blocks and nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphgen.features.edges import BLOCK_NAMES, COORDINATE_NAMES
from graphgen.features.nodes import GROUP_NAMES, PLACE_NAMES
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.layout import BlockLayout
from metanet.models.side_inputs import extra_of
from metanet.plan import Plan

SCALES = 3


def several_scales(x: Tensor) -> Tensor:
    """Show each number clamped, as a steep tanh, and as a signed logarithm; zero stays zero."""
    return torch.cat(
        [x.clamp(-3, 3), 2 * torch.sigmoid(8 * x) - 1, x.sign() * (100 * x.abs()).log1p() / 4],
        dim=-1,
    )


def edge_weights(plan: Plan, batch: Batch, fan_in_power: float) -> Tensor:
    """Write the weights of all edges side by side, (num_edges, channels + len(COORDINATE_NAMES)).

    A folded kernel fills the channels of its taps, a single weight the middle one. Weights are
    multiplied by a power of their fan-in, so that networks of different widths look alike;
    variances enter by their logarithm. The last columns are the coordinates of edges.
    """
    channels = plan.parts[0].layout.channels
    rows = batch.parts[0].values.new_zeros(plan.num_edges, channels + len(COORDINATE_NAMES))
    for piece in plan.slices:
        part, block = plan.parts[piece.part], piece.block
        coordinates = part.layout.coordinates[piece.index - part.block_start]
        out = rows[piece.start : piece.stop]
        if coordinates is not None:
            out.view(*piece.view, -1)[..., channels:] = coordinates.to(out)
        if block.values is None:
            if block.coefficients is None:
                out[:, channels // 2] = block.constant
            else:
                out[:, channels // 2] = block.coefficients.to(out).repeat(piece.networks)
            continue
        values = values_of(block, batch.parts[piece.part].values)
        if block.logarithmic:
            values = torch.log(values.clamp_min(1e-8)) / 4
        elif fan_in_power:
            values = values * block.weight_fan_in**fan_in_power
        if block.slots is None:
            out[:, channels // 2] = values.reshape(-1)
        elif block.slots == tuple(range(channels)):
            out[:, :channels] = values.reshape(-1, channels)
        else:
            out[:, list(block.slots)] = values.reshape(-1, len(block.slots))
    return rows


def values_of(block: BlockLayout, table: Tensor) -> Tensor:
    """Take a block's values from a table of all parameters: (networks, P, ...), in its order."""
    if block.index is not None:
        return table[:, block.index.to(table.device)]
    start, size = block.values or (0, 0)
    return table[:, start : start + size]


def edge_extras(plan: Plan, batch: Batch, count: int) -> Tensor:
    """Write what a batch brings beside the weights of all edges, (num_edges, count, channels).

    Taps lie as in `edge_weights`; the numbers stay as they are.
    """
    channels = plan.parts[0].layout.channels
    extras = [extra_of(part, count) for part in batch.parts]
    rows = extras[0].new_zeros(plan.num_edges, count, channels)
    for piece in plan.slices:
        block = piece.block
        if block.values is not None:
            slots = [channels // 2] if block.slots is None else list(block.slots)
            values = values_of(block, extras[piece.part]).reshape(-1, len(slots), count)
            rows[piece.start : piece.stop, :, slots] = values.transpose(1, 2)
    return rows


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
        rows = edge_weights(plan, batch, self.fan_in_power)
        weights, coordinates = rows[:, : self.channels], rows[:, self.channels :]
        scaled = several_scales(weights)
        if self.coordinates:
            inputs = torch.cat([scaled, coordinates], dim=1)
        else:
            inputs = scaled.view(-1, SCALES, self.channels).sum(2)
        result: Tensor = self.linear(inputs)
        if self.extras is not None:
            beside = several_scales(edge_extras(plan, batch, self.count))
            if not self.coordinates:
                beside = beside.unflatten(2, (SCALES, self.channels)).sum(3)
            result = result + self.extras(beside.flatten(1))
        return result


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
    rows = []
    for nodes in (part.nodes for part in batch.parts):
        if nodes is None or nodes.shape[2] != count:
            got = "none" if nodes is None else str(nodes.shape[2])
            raise MetanetError(
                f"the model reads {count} features of each node, the batch brings {got}; give "
                "them with `batch.with_nodes`"
            )
        rows.append(nodes.flatten(0, 1))
    return torch.cat(rows)


def waves(count: int, like: Tensor) -> Tensor:
    """Give sines and cosines of places, (count, width), as for the words of a transformer."""
    width = like.shape[-1]
    rates = 100.0 ** (-torch.arange((width + 1) // 2).to(like) * 2 / width)
    angles = torch.outer(torch.arange(count).to(like), rates)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width]
