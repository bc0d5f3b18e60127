"""The numbers of edges, weights and coordinates: in one piece for all slices that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from metanet.batch import Batch
from metanet.layout import BlockLayout
from metanet.models.side_inputs import extra_of
from metanet.plan import BlockSlice, PartPlan, Plan


@dataclass
class Alike:
    """Slices whose edges have numbers in the same channels, and coordinates or none.

    `places` are those of the slices in the plan; the edges of the slices follow one another.
    """

    slots: tuple[int, ...]
    coordinates: bool
    places: list[int] = field(default_factory=list)


def alike_slices(plan: Plan) -> list[Alike]:
    """Sort a plan's slices by the channels that their edges fill.

    A folded kernel fills those of its taps, a single weight the middle one.
    """
    found: dict[tuple[tuple[int, ...], bool], Alike] = {}
    for place, piece in enumerate(plan.slices):
        part = plan.parts[piece.part]
        slots = slots_of(piece.block, part.layout.channels)
        key = slots, part.layout.coordinates[piece.index - part.block_start] is not None
        found.setdefault(key, Alike(*key)).places.append(place)
    return list(found.values())


def slots_of(block: BlockLayout, channels: int) -> tuple[int, ...]:
    """Give the channels that a block's numbers take."""
    return (channels // 2,) if block.slots is None else block.slots


def weights_of(plan: Plan, alike: Alike, tensors: Sequence[Tensors], power: float) -> Tensor:
    """Give the weights of the edges of alike slices, (edges, slots).

    Weights are multiplied by a power of their fan-in, so that networks of different widths look
    alike; variances enter by their logarithm.
    """
    width = len(alike.slots)
    rows, factors, counts = [], [], []
    for place in alike.places:
        piece = plan.slices[place]
        block, own = piece.block, tensors[piece.part]
        factor = 1.0
        if block.values is None:
            values = constants(piece, own.table)
        else:
            values = own.of(block).reshape(-1, width)
            if block.logarithmic:
                values = values.clamp_min(1e-8).log() / 4
            elif power:
                factor = block.weight_fan_in**power
        rows.append(values)
        factors.append(factor)
        counts.append(piece.stop - piece.start)
    weights = rows[0] if len(rows) == 1 else torch.cat(rows)
    if all(factor == factors[0] for factor in factors):
        return weights if factors[0] == 1 else weights * factors[0]
    of_slices = weights.new_tensor(factors)
    each = torch.tensor(counts, device=weights.device)
    scale = of_slices.repeat_interleave(each, output_size=sum(counts))
    return weights * scale.unsqueeze(1)


def constants(piece: BlockSlice, like: Tensor) -> Tensor:
    """Give the numbers of edges without parameters, (edges, 1)."""
    coefficients = piece.block.coefficients
    if coefficients is None:
        return like.new_full((piece.stop - piece.start, 1), piece.block.constant)
    return coefficients.to(like).repeat(piece.networks).unsqueeze(1)


def coordinates_of(plan: Plan, alike: Alike, like: Tensor) -> Tensor:
    """Give the coordinates of the edges of alike slices, (edges, len(COORDINATE_NAMES))."""
    rows = []
    for place in alike.places:
        piece = plan.slices[place]
        part = plan.parts[piece.part]
        grid = part.layout.coordinates[piece.index - part.block_start]
        if grid is not None:
            rows.append(grid.expand(*piece.view, -1).reshape(-1, grid.shape[-1]))
    return torch.cat(rows).to(like)


def extras_of(plan: Plan, alike: Alike, tensors: Sequence[Tensors], count: int) -> Tensor:
    """Give what a batch brings beside the weights of alike slices, (edges, count, slots).

    The numbers stay as they are; edges without parameters have zeros.
    """
    width = len(alike.slots)
    rows = []
    for place in alike.places:
        piece = plan.slices[place]
        own = tensors[piece.part]
        if piece.block.values is None:
            rows.append(own.table.new_zeros(piece.stop - piece.start, width, count))
        else:
            rows.append(own.of(piece.block).reshape(-1, width, count))
    return torch.cat(rows).transpose(1, 2)


class Tensors:
    """A part's numbers, (networks, P, ...), cut once into those of its tensors."""

    def __init__(self, plan: PartPlan, table: Tensor) -> None:
        self.table = table
        ranges = {block.values for block in plan.layout.blocks if block.values is not None}
        self.cuts: dict[tuple[int, int], Tensor] = {}
        end, sizes, kept = 0, [], []
        for start, size in sorted(ranges):
            if start >= end:
                sizes += [start - end, size]
                kept.append((start, size))
                end = start + size
        pieces = table.split([*sizes, table.shape[1] - end], dim=1)
        self.cuts = dict(zip(kept, pieces[1::2], strict=False))

    def of(self, block: BlockLayout) -> Tensor:
        """Take a block's numbers, in its order."""
        if block.index is not None:
            return self.table[:, block.index.to(self.table.device)]
        start, size = block.values or (0, 0)
        found = self.cuts.get((start, size))
        return self.table[:, start : start + size] if found is None else found


def values_of(plan: Plan, batch: Batch) -> list[Tensors]:
    """Cut the values of every part."""
    return [Tensors(a, part.values) for a, part in zip(plan.parts, batch.parts, strict=True)]


def extras_beside(plan: Plan, batch: Batch, count: int) -> list[Tensors]:
    """Cut what a batch brings beside the values of every part."""
    parts = zip(plan.parts, batch.parts, strict=True)
    return [Tensors(a, extra_of(part, count)) for a, part in parts]


def in_order(plan: Plan, groups: Sequence[Alike], states: Sequence[Tensor]) -> Tensor:
    """Put states of the edges of groups into the plan's order, (num_edges, width)."""
    if len(groups) == 1:
        return states[0]
    pieces: dict[int, Tensor] = {}
    for group, own in zip(groups, states, strict=True):
        sizes: dict[int, int] = {}
        first = -1
        for before, place in zip([-2, *group.places], group.places, strict=False):
            if place != before + 1:
                first = place
            piece = plan.slices[place]
            sizes[first] = sizes.get(first, 0) + piece.stop - piece.start
        pieces |= dict(zip(sizes, own.split(list(sizes.values())), strict=True))
    return torch.cat([pieces[first] for first in sorted(pieces)])
