"""What every metanet is: a module from a batch of networks to one row per network."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from metanet.batch import Batch


class Metanet(nn.Module):
    """A model of networks: `forward(batch)` gives (networks, outputs), in the batch's order.

    `settings` are the arguments that made it, as plain data, so that it can be made again.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = settings

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch."""
        raise NotImplementedError


def head(inputs: int, hidden: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
    """Make the network-level head: a norm and an MLP of one hidden layer."""
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )
