"""What every metanet is: a module from a batch of networks to one row per network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from graphgen import Graph
from metanet.batch import Batch
from metanet.models.configured import ConfiguredModule
from metanet.models.inputs import batch_for


class Metanet(ConfiguredModule):
    """A model of networks: `model(batch)` gives (networks, outputs), in the batch's order.

        prediction = model(batch)              # or a graph, or a list of graphs

    A subclass defines `forward(batch)`. `settings` are all arguments that made it, as plain data,
    so that it can be made again.
    """

    def __call__(self, batch: Batch | Graph | Sequence[Graph]) -> Tensor:
        """Predict for each network; `MetanetError` for what the model cannot read."""
        result: Tensor = super().__call__(batch_for(self, batch))
        return result

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
