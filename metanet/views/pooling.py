"""Pooling: from the numbers of nodes to those of a network."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from graphgen import Template
from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import shown
from metanet.views.view import part_of
from metanet.views.weight_statistics import PLACES

STATISTICS = (
    *(f"{place}_{what}" for place in PLACES for what in ("mean", "deviation")),
    "least",
    "most",
)
"""What a column of a node view becomes."""
APART = (
    "input", "bias", "scale", "mean", "variance", "slope", "learned", "constant", "coefficient",
)  # fmt: skip
"""Kinds of nodes that compute nothing."""


def pool(part: Part, numbers: Tensor) -> Tensor:
    """Pool a node view over the nodes of each network, (networks, len(STATISTICS) * columns).

        rows = metanet.views.make("rows")
        pool(part, rows.compute(part))           # all columns' first_mean, then their deviation

    Mean and deviation are taken over the first, the middle and the last neurons by depth, the least
    and the most over all; inputs and parameter nodes do not count. Permuting nodes changes nothing.
    Raises `MetanetError` for numbers that are not those of the part's nodes.
    """
    rows = rows_of(part_of(part), numbers)
    found = []
    for nodes in neurons_by_place(part.template):
        if not len(nodes):
            found += [rows.new_zeros(len(rows), rows.shape[2])] * 2
            continue
        own = rows.index_select(1, nodes.to(rows.device))
        found += [own.mean(1), own.std(1, correction=0)]
    every = rows.index_select(1, neurons_of(part.template).to(rows.device))
    return torch.cat([*found, every.amin(1), every.amax(1)], 1)


def rows_of(part: Part, numbers: Tensor) -> Tensor:
    """Give the numbers of a view of nodes; `MetanetError` for what is not of the part's nodes."""
    networks, nodes = len(part.values), part.template.num_nodes
    shape = list(numbers.shape) if isinstance(numbers, Tensor) else shown(numbers)
    if shape[:2] != [networks, nodes] or len(shape) != 3:
        raise MetanetError(
            f"`numbers` is {shape}, expected the numbers of a view of nodes, "
            f"({networks}, {nodes}, columns)"
        )
    return numbers


@lru_cache(maxsize=4096)
@torch.inference_mode(False)
def neurons_of(template: Template) -> Tensor:
    """List the nodes that are neither inputs nor parameters; all of them, where there are none."""
    nodes = torch.cat(neurons_by_place(template)).unique()
    return nodes if len(nodes) else torch.arange(template.num_nodes)


@lru_cache(maxsize=4096)
@torch.inference_mode(False)
def neurons_by_place(template: Template) -> tuple[Tensor, ...]:
    """List the neurons of the least depth, of those between, and of the greatest."""
    groups = [group for group in template.node_groups if group.kind not in APART and group.size]
    depths = sorted({group.depth for group in groups})
    places = (depths[:1], depths[1:-1], depths[-1:])
    return tuple(
        torch.tensor(
            [
                node
                for group in groups
                if group.depth in chosen
                for node in range(group.start, group.start + group.size)
            ],
            dtype=torch.int64,
        )
        for chosen in places
    )
