"""The parameter-level head: new weights for every network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from graphgen.columns import EDGE_KINDS
from metanet.backends.backend import rms_norm
from metanet.batch import Batch
from metanet.models.editor import Editor, first_scales
from metanet.models.gmn.trunk import Trunk


class GMNEditor(Editor):
    """A GMN that writes weights: each parameter moves by what its edge says.

        editor = metanet.GMNEditor(hidden=64, layers=4)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    New weights are the old ones plus `scale`, learned for each kind of tensor, times a linear map
    of the last edge state, divided by the fan-in to the power `fan_in_power` (Lim et al., ICLR
    2024, section 3; what all editors share: `Editor`). Permuting a network's neurons permutes its
    new weights. `options` are those of `Trunk`.
    """

    def __init__(self, hidden: int = 64, layers: int = 4, members: int = 1, **options: Any) -> None:
        super().__init__(hidden=hidden, layers=layers, members=members, **options)
        self.trunk = Trunk(hidden, layers, **options)
        self.channels = max(1, self.trunk.taps**2)
        self.fan_in_power = float(options.get("fan_in_power", 0.5))
        self.norm = bool(options.get("norm", True))
        self.to_weights = nn.Linear(hidden, members * self.channels)
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
        for part, changed, where in zip(plan.parts, columns, places, strict=True):
            values = part.part.values
            change = values.new_zeros(len(values), self.members, values.shape[1])
            if changed:
                change = change.index_copy(2, torch.cat(where), torch.cat(changed, dim=2))
            result.append(change)
        return result
