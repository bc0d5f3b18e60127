"""First edge states slice by slice, on all channels: what the encoder does at once for many."""

from __future__ import annotations

import torch
from torch import Tensor

from graphgen.features.edges import COORDINATE_NAMES
from metanet.batch import Batch
from metanet.layout import BlockLayout
from metanet.models.encoder import EdgeEncoder
from metanet.models.side_inputs import extra_of
from metanet.plan import Plan


def edge_weights(plan: Plan, batch: Batch, fan_in_power: float) -> Tensor:
    """The weights of all edges side by side, (num_edges, channels + coordinates)."""
    channels = plan.parts[0].layout.channels
    rows = batch.parts[0].values.new_zeros(plan.num_edges, channels + len(COORDINATE_NAMES))
    for piece in plan.slices:
        part, block = plan.parts[piece.part], piece.block
        coordinates = part.layout.coordinates[piece.index - part.block_start]
        out = rows[piece.start : piece.stop]
        if coordinates is not None:
            out.view(*piece.view, -1)[..., channels:] = coordinates.to(out)
        if block.values is None:
            middle = out[:, channels // 2]
            if block.coefficients is None:
                middle.fill_(block.constant)
            else:
                middle.copy_(block.coefficients.repeat(piece.networks))
            continue
        values = values_of(block, batch.parts[piece.part].values)
        if block.logarithmic:
            values = torch.log(values.clamp_min(1e-8)) / 4
        else:
            values = values * block.weight_fan_in**fan_in_power
        slots = [channels // 2] if block.slots is None else list(block.slots)
        out[:, slots] = values.reshape(-1, len(slots))
    return rows


def edge_extras(plan: Plan, batch: Batch, count: int) -> Tensor:
    """What a batch brings beside the weights of all edges, (num_edges, count, channels)."""
    channels = plan.parts[0].layout.channels
    rows = batch.parts[0].values.new_zeros(plan.num_edges, count, channels)
    for piece in plan.slices:
        block = piece.block
        if block.values is not None:
            slots = [channels // 2] if block.slots is None else list(block.slots)
            values = values_of(block, extra_of(batch.parts[piece.part], count))
            rows[piece.start : piece.stop, :, slots] = values.reshape(
                -1, len(slots), count
            ).transpose(1, 2)
    return rows


def values_of(block: BlockLayout, table: Tensor) -> Tensor:
    """A block's values in its order, (networks, P, ...)."""
    assert block.values is not None
    start, size = block.values
    return table[:, start : start + size] if block.index is None else table[:, block.index]


def scales(x: Tensor) -> Tensor:
    return torch.stack(
        [x.clamp(-3, 3), torch.tanh(4 * x), x.sign() * torch.log1p(100 * x.abs()) / 4], dim=-2
    )


def first_states(encoder: EdgeEncoder, plan: Plan, batch: Batch) -> Tensor:
    """The first states of all edges, (num_edges, hidden)."""
    rows = edge_weights(plan, batch, encoder.fan_in_power)
    weights, coordinates = rows[:, : encoder.channels], rows[:, encoder.channels :]
    shown = scales(weights)
    inputs = [shown.flatten(1), coordinates] if encoder.coordinates else [shown.sum(2)]
    result: Tensor = encoder.linear(torch.cat(inputs, dim=1))
    if encoder.extras is not None:
        beside = scales(edge_extras(plan, batch, encoder.count))
        beside = beside if encoder.coordinates else beside.sum(3)
        result = result + encoder.extras(beside.flatten(1))
    return result
