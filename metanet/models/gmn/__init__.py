"""GMN: the graph metanetwork."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.gmn.editor import GMNEditor
from metanet.models.gmn.readout import Readout
from metanet.models.gmn.trunk import TRUNK, Trunk, TrunkOptions
from metanet.models.metanet import Metanet, head
from metanet.options import ANSWERS, OPTIONS
from metanet.sources import Net


class GMN(Metanet, options=OPTIONS):
    """A graph network on parameter graphs that predicts (Lim et al., ICLR 2024, section 3).

        model = metanet.GMN(hidden=64, layers=4)
        prediction = model(batch)                 # (networks, outputs)

    The head reads `readout` (of `mean`, `deviation`, `variance`, `quantiles`) of each block's
    edges, through an MLP and averaged over blocks, and mean and standard deviation over nodes;
    with `outputs` in `readout`, the mean over output neurons too, and with `answers` what these say
    to the probes.
    The options from `backend` on are those of its trunk: `TrunkOptions`.

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
        backend: str = TRUNK.backend,
        form: str = TRUNK.form,
        edge_hidden: int | None = TRUNK.edge_hidden,
        taps: str = TRUNK.taps,
        kernel_taps: int = TRUNK.kernel_taps,
        aggregation: str | None = TRUNK.aggregation,
        fan_in_power: float = TRUNK.fan_in_power,
        activation: str = TRUNK.activation,
        norm: bool = TRUNK.norm,
        multiply: bool = TRUNK.multiply,
        global_state: bool = TRUNK.global_state,
        positions: bool = TRUNK.positions,
        node_features: int = TRUNK.node_features,
        without: Sequence[str] = TRUNK.without,
        checkpoint: bool = TRUNK.checkpoint,
        channels: int = TRUNK.channels,
        conditions: int = TRUNK.conditions,
        probes: int = TRUNK.probes,
        standardise_probes: bool = TRUNK.standardise_probes,
        net: Net | None = TRUNK.net,
    ) -> None:
        super().__init__()
        options = TrunkOptions(
            backend=backend, form=form, edge_hidden=edge_hidden, taps=taps,
            kernel_taps=kernel_taps, aggregation=aggregation, fan_in_power=fan_in_power,
            activation=activation, norm=norm, multiply=multiply, global_state=global_state,
            positions=positions, node_features=node_features, without=without,
            checkpoint=checkpoint, channels=channels, conditions=conditions, probes=probes,
            standardise_probes=standardise_probes, net=net,
        )  # fmt: skip
        self.trunk = Trunk(hidden, layers, options)
        self.readout = Readout(
            hidden, self.trunk.edge_hidden, readout,
            norm=norm, activation=activation, global_state=global_state,
            answers=self.trunk.answers if ANSWERS in readout else 0,
        )  # fmt: skip
        self.head = head(self.readout.width, 2 * hidden, outputs, dropout)
        if not norm:
            self.head[0] = nn.Identity()

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows: Tensor = self.readout(self.trunk.backend, self.trunk(batch))
        return rows[batch.order]


__all__ = ["GMN", "GMNEditor", "Trunk", "TrunkOptions"]
