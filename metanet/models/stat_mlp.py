"""StatNN with an MLP instead of trees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.metanet import Metanet, head
from metanet.options import OPTIONS
from metanet.views.weight_statistics import NUM_STATISTICS, network_statistics


class StatMLP(Metanet, options=OPTIONS):
    """An MLP on weight statistics, as Unterthiner et al. (2020) have beside their trees.

        model = metanet.StatMLP(hidden=64, layers=2)

    Statistics enter by their signed logarithm, standardised by running means and deviations of
    the networks seen in training. Invariant under every exchange of scalars within a tensor.
    """

    def __init__(
        self, hidden: int = 64, layers: int = 2, outputs: int = 1, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.standardise = Standardise(NUM_STATISTICS)
        steps: list[nn.Module] = []
        for before in (NUM_STATISTICS, *(hidden,) * (layers - 1)):
            steps += [nn.Linear(before, hidden), nn.SiLU()]
        self.layers = nn.Sequential(*steps)
        self.head = head(hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        statistics = network_statistics(batch)
        signed = statistics.sign() * (100 * statistics.abs()).log1p()
        result: Tensor = self.head(self.layers(self.standardise(signed)))
        return result


class Standardise(nn.Module):
    """Standardises columns by the means and deviations of all rows seen in training so far."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("squares", torch.zeros(columns))
        self.count: Tensor
        self.mean: Tensor
        self.squares: Tensor

    def forward(self, rows: Tensor) -> Tensor:
        """Standardise, and in training learn from the rows first (Chan et al., 1979)."""
        if self.training:
            with torch.no_grad():
                count = self.count + len(rows)
                shift = rows.mean(0) - self.mean
                own = rows.var(0, unbiased=False) * len(rows)
                self.squares += own + shift.square() * self.count * len(rows) / count
                self.mean += shift * len(rows) / count
                self.count.copy_(count)
        if self.count < 2:
            return rows
        deviation = (self.squares / self.count).sqrt()
        return (rows - self.mean) / torch.where(deviation > 1e-6, deviation, 1)
