"""The view `rows`: what enters each neuron, and the blocks that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from graphgen.affine import affine
from metanet.batch import Part
from metanet.layout import BlockLayout, Layout, layout
from metanet.views.numbers import OF_A_SAMPLE, finite, moments
from metanet.views.view import NODE, View, part_of
from metanet.views.weight_statistics import ROLES

OF_A_ROW = (
    "mean",
    "deviation",
    "log_deviation",
    "skewness",
    "log_kurtosis",
    "size",
    "least",
    "most",
)
BESIDE = ROLES[1:]
"""Roles of parameters of which a neuron has one each."""
OF_A_ROLE = ("value", "mean", "deviation")


class Rows(View):
    """Moments of the weights that enter each node, and of the whole blocks that it is in.

        Rows().compute(batch.parts[0])           # (networks, num_nodes, 34)

    Weights are multiplied by the root of their fan-in, and variances are in their logarithm. A node
    of several blocks has the mean over them; blocks whose edges a symmetry may exchange are
    described together. Beside weights stand the node's bias, scale, running mean and variance, with
    mean and deviation over their block.
    """

    name = "rows"
    level = NODE
    columns = (
        *(f"row_{what}" for what in OF_A_ROW),
        *(f"block_{what}" for what in OF_A_SAMPLE),
        *(f"{role}_{what}" for role in BESIDE for what in OF_A_ROLE),
    )

    def compute(self, part: Part) -> Tensor:
        whole = layout(part_of(part).template, 0)
        values = scaled_values(part, whole)
        beside = [of_a_role(part, whole, values, role) for role in BESIDE]
        found = [*weights_of_rows(part, whole, values), *beside]
        return finite(torch.cat(found, 2))


Values = dict[int, Tensor]


def role_of(part: Part, place: int) -> str:
    """Say which role a block of parameters has."""
    kind = part.template.blocks[place].kind
    return kind if kind in ROLES else ROLES[0]


def scaled_values(part: Part, whole: Layout) -> Values:
    """Give the values of each block that has parameters, (networks, *shape), by its place."""
    found = {}
    for place, block in enumerate(whole.blocks):
        if block.values is None or not block.num_edges:
            continue
        start, size = block.values
        flat = part.values[:, start : start + size] if block.index is None else None
        own = part.values[:, block.index] if flat is None else flat
        if block.logarithmic:
            own = own.clamp_min(1e-8).log() / 4
        elif role_of(part, place) == ROLES[0]:
            own = own * block.weight_fan_in**0.5
        found[place] = own.reshape(len(own), *block.shape)
    return found


def targets_of(block: BlockLayout) -> Tensor:
    """Give the node that edges enter, for each coordinate along the axes where nodes differ."""
    sizes = tuple(
        1 if axis + 1 in block.target.summed else size for axis, size in enumerate(block.shape)
    )
    nodes = affine(sizes, block.target_start, block.target_strides)
    return torch.from_numpy(nodes.reshape(-1).copy())


def weights_of_rows(part: Part, whole: Layout, values: Values) -> tuple[Tensor, Tensor]:
    """Describe the weights that enter each node, and the blocks that they are of."""
    count, nodes = len(part.values), whole.num_nodes
    sums = part.values.new_zeros(count, nodes, 6)
    least = part.values.new_full((count, nodes), torch.inf)
    most = -least
    places = [place for place in values if role_of(part, place) == ROLES[0]]
    for place in places:
        block, own = whole.blocks[place], values[place]
        at = targets_of(block)
        powers = [torch.ones_like(own), own, own.square(), own.pow(3), own.pow(4), own.abs()]
        axes = block.target.summed
        summed = [(power.sum(axes) if axes else power).reshape(count, -1) for power in powers]
        sums = sums.index_add(1, at, torch.stack(summed, 2))
        ends = [
            (f(own, axes) if axes else own).reshape(count, -1) for f in (torch.amin, torch.amax)
        ]
        # A block enters no node twice along the axes that are left.
        least[:, at] = torch.minimum(least[:, at], ends[0])
        most[:, at] = torch.maximum(most[:, at], ends[1])
    number = sums[..., 0]
    there = (number > 0).unsqueeze(2)
    mean, square, third, fourth, size = (sums[..., k] / number.clamp_min(1) for k in range(1, 6))
    variance = (square - mean.square()).clamp_min(0)
    deviation = variance.sqrt()
    spread = deviation + 1e-4
    skewness = (third - 3 * mean * square + 2 * mean.pow(3)) / spread.pow(3)
    tails = fourth - 4 * mean * third + 6 * mean.square() * square - 3 * mean.pow(4)
    kurtosis = (tails / spread.pow(4)).clamp(0, 20).log1p()
    row = torch.stack(
        [mean, deviation, spread.log(), skewness.clamp(-5, 5), kurtosis, size, least, most], 2
    )
    blocks = over_blocks(part, whole, values, places, moments, len(OF_A_SAMPLE))
    return torch.where(there, row, 0), torch.where(there, blocks, 0)


def of_a_role(part: Part, whole: Layout, values: Values, role: str) -> Tensor:
    """Give each node its parameter of a role, with mean and deviation over the block."""
    places = [place for place in values if role_of(part, place) == role]
    own = part.values.new_zeros(len(part.values), whole.num_nodes)
    for place in places:
        block = whole.blocks[place]
        axes = block.target.summed
        summed = values[place].sum(axes) if axes else values[place]
        own = own.index_add(1, targets_of(block), summed.reshape(len(own), -1))
    return torch.cat(
        [own.unsqueeze(2), over_blocks(part, whole, values, places, two_moments, 2)], 2
    )


def two_moments(values: Tensor) -> Tensor:
    """Give mean and deviation along the last axis."""
    return torch.stack([values.mean(-1), values.std(-1, correction=0)], -1)


def over_blocks(
    part: Part,
    whole: Layout,
    values: Values,
    places: Sequence[int],
    describe: Callable[[Tensor], Tensor],
    width: int,
) -> Tensor:
    """Give each node the mean of what describes the blocks that enter it."""
    total = part.values.new_zeros(len(part.values), whole.num_nodes, width)
    number = part.values.new_zeros(whole.num_nodes)
    together: dict[int, list[Tensor]] = {}
    for place in places:
        together.setdefault(whole.alike[place], []).append(values[place].flatten(1))
    found = {first: describe(torch.cat(own, 1)) for first, own in together.items()}
    for place in places:
        at = targets_of(whole.blocks[place]).unique()
        total[:, at] += found[whole.alike[place]].unsqueeze(1)
        number[at] += 1
    return total / number.clamp_min(1).unsqueeze(1)
