"""Contrastive learning: views of a network, and a loss by which they are told from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from metanet import Batch
from metanet.batch import float_offsets

VIEWS: Mapping[str, Any] = {"noise": 0.2, "mask": 0.5, "both": False}
"""Navon et al. 2023: the second of two views has noise, and then weights dropped out."""


class Projected(nn.Module):
    """A metanet with a head that is there for training only: a layer, a ReLU, and a layer."""

    def __init__(self, metanet: nn.Module, width: int) -> None:
        super().__init__()
        self.metanet = metanet
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, batch: Batch) -> Tensor:
        """Project the embedding of each network, (networks, width)."""
        result: Tensor = self.head(self.metanet(batch))
        return result


def two_views(batch: Batch, noise: float, mask: float, both: bool) -> Batch:
    """Give a batch of twice the networks: first views, then second ones, in the same order.

    A second view has normal noise added, `noise` times the standard deviation of each tensor, then
    a share `mask` of the numbers set to zero and the others scaled up by as much. With `both`, the
    first one has its own; else it is the network itself.
    """
    count = batch.num_networks
    parts = []
    for part in batch.parts:
        first = changed(part.values, part, noise, mask) if both else part.values
        second = changed(part.values, part, noise, mask)
        positions = (*part.positions, *(count + position for position in part.positions))
        parts.append(
            replace(part, values=torch.cat([first, second]), positions=positions, views={})
        )
    return Batch(tuple(parts))


def changed(values: Tensor, part: Any, noise: float, mask: float) -> Tensor:
    """Add noise to each tensor, and drop numbers out."""
    spreads = torch.zeros_like(values)
    for start, size in float_offsets(part.template).values():
        own = values[:, start : start + size]
        spreads[:, start : start + size] = own.std(1, unbiased=False, keepdim=True)
    return nn.functional.dropout(values + noise * spreads * torch.randn_like(values), mask)


def nt_xent(projected: Tensor, temperature: float) -> Tensor:
    """Give the normalised temperature-scaled cross entropy of pairs (Chen et al. 2020).

    Rows i and n + i of `projected`, (2n, width), are the views of network i.
    """
    rows = nn.functional.normalize(projected, dim=1)
    count = len(rows) // 2
    similar = rows @ rows.T / temperature
    alone = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    partner = torch.arange(len(rows), device=rows.device).roll(count)
    return nn.functional.cross_entropy(similar.masked_fill(alone, -torch.inf), partner)
