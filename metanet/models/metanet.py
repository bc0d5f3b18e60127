"""What every metanet is: a module from a batch of networks to one row per network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

import spec
from metanet.batch import Batch


class Metanet(nn.Module):
    """A model of networks: `forward(batch)` gives (networks, outputs), in the batch's order.

    `settings` are the arguments that made it, as plain data, so that it can be made again.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = as_plain(settings)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch."""
        raise NotImplementedError

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Take weights that were saved when a model's trunk was no module of its own."""
        trunk = getattr(self, "trunk", None)
        if trunk is not None and not any(key.startswith(f"{prefix}trunk.") for key in state_dict):
            names = {key.split(".")[0] for key in trunk.state_dict()}
            for key in [key for key in state_dict if key.startswith(prefix)]:
                name = key.removeprefix(prefix)
                if name.split(".")[0] in names:
                    state_dict[f"{prefix}trunk.{name}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def architecture_of(net: spec.Architecture | Mapping[str, Any]) -> spec.Architecture:
    """Give an architecture that may have come in its resolved form, as settings keep it."""
    return net if isinstance(net, spec.Architecture) else spec.from_resolved(dict(net))


def as_plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings as plain data, in which an architecture has its resolved form."""
    return {
        name: value.resolved() if isinstance(value, spec.Architecture) else value
        for name, value in settings.items()
    }


def head(inputs: int, hidden: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
    """Make the network-level head: a norm and an MLP of one hidden layer."""
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )
