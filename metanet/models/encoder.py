"""Encoding: weights, blocks and node groups as first states of edges, blocks and nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphgen.columns import EDGE_KINDS, NODE_KINDS, POSITION_AXES, STEP_KINDS
from metanet.errors import MetanetError
from metanet.layout import EDGE_NUMBERS, MAX_STEPS, NODE_NUMBERS, NODE_ORDER, BlockLayout
from metanet.models.side_inputs import extra_of
from metanet.plan import Plan

SCALES = 3


def several_scales(x: Tensor) -> Tensor:
    """Show each number clamped, as a steep tanh, and as a signed logarithm; zero stays zero."""
    return torch.cat(
        [x.clamp(-3, 3), 2 * torch.sigmoid(8 * x) - 1, x.sign() * (100 * x.abs()).log1p() / 4],
        dim=-1,
    )


def edge_weights(plan: Plan, fan_in_power: float) -> Tensor:
    """Write the weights of all edges side by side, (num_edges, channels + POSITION_AXES).

    A folded kernel fills the channels of its taps, a single weight the middle one. Weights are
    multiplied by a power of their fan-in, so that networks of different widths look alike;
    variances enter by their logarithm. The last columns are the coordinates of positions.
    """
    first = plan.parts[0]
    channels = first.layout.channels
    rows = first.part.values.new_zeros(plan.num_edges, channels + POSITION_AXES)
    for piece in plan.slices:
        part, block = plan.parts[piece.part], piece.block
        positions = part.layout.positions[piece.index - part.block_start]
        out = rows[piece.start : piece.stop]
        if positions is not None:
            out.view(*piece.view, -1)[..., channels:] = positions.to(out)
        if block.values is None:
            if block.coefficients is None:
                out[:, channels // 2] = block.constant
            else:
                out[:, channels // 2] = block.coefficients.to(out).repeat(piece.networks)
            continue
        values = values_of(block, part.part.values)
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


def edge_extras(plan: Plan, count: int) -> Tensor:
    """Write what a batch brings beside the weights of all edges, (num_edges, count, channels).

    Taps lie as in `edge_weights`; the numbers stay as they are.
    """
    channels = plan.parts[0].layout.channels
    extras = [extra_of(part.part, count) for part in plan.parts]
    rows = extras[0].new_zeros(plan.num_edges, count, channels)
    for piece in plan.slices:
        block = piece.block
        if block.values is not None:
            slots = [channels // 2] if block.slots is None else list(block.slots)
            values = values_of(block, extras[piece.part]).reshape(-1, len(slots), count)
            rows[piece.start : piece.stop, :, slots] = values.transpose(1, 2)
    return rows


class EdgeEncoder(nn.Module):
    """First edge states: a linear map of the weights on several scales and of the positions.

    Without `coordinates`, the weights of a folded kernel are summed, and positions left out.
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
        inputs = SCALES * channels + POSITION_AXES if coordinates else SCALES
        self.linear = nn.Linear(inputs, hidden)
        self.count = extras
        own = SCALES * extras * (channels if coordinates else 1)
        self.extras = nn.Linear(own, hidden, bias=False) if extras else None

    def forward(self, plan: Plan) -> Tensor:
        """Give states (num_edges, hidden)."""
        rows = edge_weights(plan, self.fan_in_power)
        weights, positions = rows[:, : self.channels], rows[:, self.channels :]
        scaled = several_scales(weights)
        if self.coordinates:
            inputs = torch.cat([scaled, positions], dim=1)
        else:
            inputs = scaled.view(-1, SCALES, self.channels).sum(2)
        result: Tensor = self.linear(inputs)
        if self.extras is not None:
            beside = several_scales(edge_extras(plan, self.count))
            if not self.coordinates:
                beside = beside.unflatten(2, (SCALES, self.channels)).sum(3)
            result = result + self.extras(beside.flatten(1))
        return result


class BlockEncoder(nn.Module):
    """A state for each block, from its kind, its place among the target's steps, its numbers."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.kind = nn.Embedding(len(EDGE_KINDS), hidden)
        self.step = nn.Embedding(MAX_STEPS, hidden)
        self.numbers = nn.Linear(EDGE_NUMBERS, hidden)

    def forward(self, plan: Plan) -> Tensor:
        """Give states (num_blocks, hidden)."""
        kind = torch.cat([part.layout.block_kind for part in plan.parts]).to(plan.device)
        step = torch.cat([part.layout.block_step for part in plan.parts]).to(plan.device)
        numbers = torch.cat([part.layout.block_numbers for part in plan.parts]).to(plan.device)
        result: Tensor = (
            self.kind(kind) + self.step(step) + self.numbers(numbers.to(self.numbers.weight))
        )
        return result


class NodeEncoder(nn.Module):
    """First node states, from a group's kind, its steps in order, its numbers.

    With `positions`, input and output neurons are told apart by their place; `features` is the
    number of further features that a batch brings.
    """

    def __init__(self, hidden: int, positions: bool = True, features: int = 0) -> None:
        super().__init__()
        self.kind = nn.Embedding(len(NODE_KINDS), hidden)
        self.step = nn.Embedding(len(STEP_KINDS) + 1, hidden, padding_idx=len(STEP_KINDS))
        self.place = nn.Embedding(MAX_STEPS, hidden)
        self.numbers = nn.Linear(NODE_NUMBERS, hidden)
        self.order = nn.Linear(NODE_ORDER, hidden, bias=False) if positions else None
        self.features = nn.Linear(features, hidden, bias=False) if features else None

    def forward(self, plan: Plan) -> Tensor:
        """Give states (num_nodes, hidden)."""
        layouts = [part.layout for part in plan.parts]
        steps = torch.cat([laid.group_steps for laid in layouts]).to(plan.device)
        steps = torch.where(steps < 0, len(STEP_KINDS), steps)
        program = (self.step(steps) * (1 + self.place.weight)).sum(1)
        numbers = torch.cat([laid.group_numbers for laid in layouts])
        groups = (
            self.kind(torch.cat([laid.group_kind for laid in layouts]).to(plan.device))
            + program
            + self.numbers(numbers.to(self.numbers.weight))
        )
        result: Tensor = groups[plan.node_group]
        if self.order is not None:
            parts = plan.parts
            order = torch.cat([p.layout.node_order.repeat(p.networks, 1) for p in parts])
            result = result + self.order(order.to(self.order.weight))
        if self.features is not None:
            result = result + self.features(node_features(plan, self.features.in_features))
        return result


def node_features(plan: Plan, count: int) -> Tensor:
    """Collect the features that a batch brings for its nodes, (num_nodes, count)."""
    rows = []
    for plan_of_part in plan.parts:
        nodes = plan_of_part.part.nodes
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
