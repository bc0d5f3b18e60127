"""StatNN with an MLP instead of trees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.metanet import head
from metanet.models.reader import Reader
from metanet.models.view_inputs import ViewInputs
from metanet.options import OPTIONS
from metanet.views.encoding import BINS, NumberEncoder


class StatMLP(Reader, options=OPTIONS):
    """An MLP on numbers of a network: statistics of weights, or any other views.

        model = metanet.StatMLP(hidden=128, views=["statistics"])
        model.observe([batch])                   # training networks, before training

    Unterthiner et al. (2020) have one on statistics beside their trees. Each number passes a
    piecewise-linear encoding of `bins` bins, dropout (`view_dropout`) and a linear map. With
    statistics alone it is invariant under every exchange of scalars within a tensor.
    """

    def __init__(
        self,
        hidden: int = 128,
        layers: int = 1,
        outputs: int = 1,
        *,
        views: Sequence[str] = ("statistics",),
        bins: int = BINS,
        dropout: float = 0.0,
        view_dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.inputs = ViewInputs(views, pooled=True).needed()
        self.encoder = NumberEncoder(self.inputs.columns, hidden, bins, view_dropout)
        steps: list[nn.Module] = []
        for _ in range(layers - 1):
            steps += [nn.Linear(hidden, hidden), nn.SiLU()]
        self.layers = nn.Sequential(*steps)
        self.head = head(hidden, hidden, outputs, dropout)

    @torch.no_grad()
    def observe(self, batches: Iterable[Batch]) -> None:
        """Place the bins of the encoding by the training networks."""
        self.encoder.observe(torch.cat([self.inputs.numbers(batch) for batch in batches]))

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        result: Tensor = self.layers(self.encoder(self.inputs.numbers(batch)))
        return result
