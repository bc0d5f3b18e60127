"""The parameter-level head: new weights for every network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphgen.kinds import EDGE_KINDS
from metanet.backends.backend import rms_norm
from metanet.batch import Batch
from metanet.models.editor import Editor, first_scales
from metanet.models.gmn.trunk import TRUNK, Trunk, TrunkOptions
from metanet.options import OPTIONS
from metanet.sources import Net


class GMNEditor(Editor, options=OPTIONS):
    """A GMN that writes weights: each parameter moves by what its edge says.

        editor = metanet.GMNEditor(hidden=64, layers=4)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    New weights are the old ones plus `scale`, learned for each kind of tensor, times a linear map
    of the last edge state, divided by the fan-in to the power `fan_in_power` (Lim et al., ICLR
    2024, section 3; what all editors share: `Editor`); a parameter that several edges carry moves
    by their mean. Permuting a network's neurons permutes its new weights. The options from
    `backend` on are those of its trunk: `TrunkOptions`.
    """

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        members: int = 1,
        *,
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
        super().__init__(members=members)
        options = TrunkOptions(
            backend=backend, form=form, edge_hidden=edge_hidden, taps=taps,
            kernel_taps=kernel_taps, aggregation=aggregation, fan_in_power=fan_in_power,
            activation=activation, norm=norm, multiply=multiply, global_state=global_state,
            positions=positions, node_features=node_features, without=without,
            checkpoint=checkpoint, channels=channels, conditions=conditions, probes=probes,
            standardise_probes=standardise_probes, net=net,
        )  # fmt: skip
        self.trunk = Trunk(hidden, layers, options)
        self.channels = max(1, self.trunk.taps**2)
        self.fan_in_power, self.norm = fan_in_power, norm
        self.to_weights = nn.Linear(self.trunk.edge_hidden, members * self.channels)
        self.scale = first_scales(len(EDGE_KINDS))

    def changes(self, batch: Batch) -> list[Tensor]:
        """Give each part's change of weights, (networks, members, P), zero at buffers."""
        states = self.trunk(batch)
        plan = states.plan
        edges = rms_norm(states.edges) if self.norm else states.edges
        proposed = self.to_weights(edges).view(-1, self.members, self.channels)
        columns: list[list[Tensor]] = [[] for _ in plan.parts]
        places: list[list[Tensor]] = [[] for _ in plan.parts]
        for piece in plan.slices:
            block, part = piece.block, plan.parts[piece.part]
            if block.values is None or not block.editable:
                continue
            slots = [self.channels // 2] if block.slots is None else list(block.slots)
            own = proposed[piece.start : piece.stop][:, :, slots]
            own = own.view(piece.networks, -1, self.members, len(slots)).transpose(1, 2)
            factor = self.scale[block.kind] * block.weight_fan_in**-self.fan_in_power
            columns[piece.part].append((own * factor).flatten(2))
            start, size = block.values
            places[piece.part].append(
                torch.arange(start, start + size, device=plan.device)
                if block.index is None
                else block.index.to(plan.device)
            )
        result = []
        for part, changed, where in zip(batch.parts, columns, places, strict=True):
            values = part.values
            change = values.new_zeros(len(values), self.members, values.shape[1])
            if changed:
                edge_places = torch.cat(where)
                uses = values.new_zeros(values.shape[1]).index_add(
                    0, edge_places, values.new_ones(len(edge_places))
                )
                change = change.index_add(2, edge_places, torch.cat(changed, dim=2).to(change))
                change = change / uses.clamp_min(1)
            result.append(change)
        return result
