"""GMN: the graph metanetwork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.gmn.editor import GMNEditor
from metanet.models.gmn.readout import Readout
from metanet.models.gmn.trunk import Trunk
from metanet.models.metanet import Metanet, head


class GMN(Metanet):
    """A graph network on parameter graphs that predicts (Lim et al., ICLR 2024, section 3).

        model = metanet.GMN(hidden=64, layers=4)
        prediction = model(batch)                 # (networks, outputs)

    The head reads `readout` (of `mean`, `deviation`, `variance`, `quantiles`) of each block's
    edges, through an MLP and averaged over blocks, and mean and standard deviation over nodes;
    with `outputs` in `readout`, the mean over output neurons too.
    `options` are those of `Trunk`: backend, taps, aggregation, and so on.

    Permuting a network's neurons changes nothing, nor do the other networks of a batch.
    """

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        readout: Sequence[str] = ("mean", "deviation"),
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(
            hidden=hidden, layers=layers, outputs=outputs, readout=list(readout), dropout=dropout,
            **options,
        )  # fmt: skip
        self.trunk = Trunk(hidden, layers, **options)
        norm = options.get("norm", True)
        self.readout = Readout(
            hidden,
            tuple(readout),
            norm=norm,
            activation=options.get("activation", "silu"),
            global_state=options.get("global_state", False),
        )
        self.head = head(self.readout.width, 2 * hidden, outputs, dropout)
        if not norm:
            self.head[0] = nn.Identity()

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        return self.head(self.embed(batch))

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows: Tensor = self.readout(self.trunk.backend, self.trunk(batch))
        return rows[batch.order]


__all__ = ["GMN", "GMNEditor", "Trunk"]
