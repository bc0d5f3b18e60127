"""What every metanet is: a module from a batch of networks to one row per network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from graphgen import Graph
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.configured import ConfiguredModule
from metanet.models.inputs import batch_for


class Metanet(ConfiguredModule):
    """A model of networks: `model(batch)` gives (networks, outputs), in the batch's order.

        prediction = model(batch)              # or a graph, or a list of graphs
        states = model.embed(batch)            # (networks, model.width)

    A subclass defines `embed(batch)`, a state of each network, and the module `head`, which makes
    outputs of it; or `forward(batch)` alone, whose outputs then are the state. `settings` are all
    arguments that made it, as plain data, so that it can be made again.
    """

    head: nn.Module

    def __call__(self, batch: Batch | Graph | Sequence[Graph]) -> Tensor:
        """Predict for each network; `MetanetError` for what the model cannot read."""
        result: Tensor = super().__call__(batch_for(self, batch))
        return result

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        states = self.embed(batch)
        result: Tensor = self.head(states)
        return result

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        name = type(self).__name__
        if type(self).forward is Metanet.forward:
            raise MetanetError(
                f"{name} defines neither `embed` with a `head` nor `forward`: it has no answer"
            )
        return self.forward(batch)

    def observe(self, batches: Iterable[Batch]) -> None:
        """Look at the training networks, before training: at nothing, unless a model says more."""

    def expect(self, state: Mapping[str, Tensor]) -> None:
        """Make place for a saved state whose shapes training decided; there is none by default."""

    @property
    def width(self) -> int:
        """How many numbers `embed` gives of each network."""
        if type(self).embed is Metanet.embed:
            outputs = self.settings.get("outputs")
        else:
            steps = getattr(self, "head", nn.Identity()).modules()
            outputs = next((m.in_features for m in steps if isinstance(m, nn.Linear)), None)
        if not isinstance(outputs, int):
            raise MetanetError(
                f"how many numbers {type(self).__name__} gives of each network is not known: let "
                "it have an option `outputs`, a `head` that begins with a linear map, or a "
                "property `width`"
            )
        return outputs


def head(inputs: int, hidden: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
    """Make the network-level head: a norm and an MLP of one hidden layer."""
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )
