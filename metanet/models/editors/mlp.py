"""A plain MLP that writes the flattened weights of one architecture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.mlp import FlatTrunk
from metanet.models.side_inputs import SIDE
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of


class MLPEditor(Editor, options=OPTIONS):
    """An MLP from all numbers of a network to a change of each, with no symmetry.

        editor = metanet.MLPEditor(net, hidden=128)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    It takes networks of the one architecture that it was made for. With `augment`, each network is
    permuted by a random symmetry whenever it is seen in training, and its new weights are permuted
    back. Each tensor has a scale of its own. `channels` and `conditions` are those of `SideInputs`.
    """

    def __init__(
        self,
        net: Net,
        hidden: int = 64,
        layers: int = 2,
        members: int = 1,
        *,
        augment: bool = True,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
    ) -> None:
        super().__init__(members=members)
        self.trunk = FlatTrunk(
            architecture_of(net), hidden, layers,
            augment=augment, channels=channels, conditions=conditions,
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.LayerNorm(hidden), nn.Linear(hidden, members * self.trunk.size)
        )
        self.scale = first_scales(len(self.trunk.offsets))

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        index = self.trunk.permutations(part)
        proposed: Tensor = self.head(self.trunk(part, index))
        proposed = proposed.unflatten(-1, (self.members, self.trunk.size))
        if index is not None:
            places = index.unsqueeze(1).expand_as(proposed)
            proposed = torch.zeros_like(proposed).scatter(2, places, proposed)
        tensors = zip(self.trunk.offsets.items(), self.scale, strict=True)
        changes = {
            name: proposed[:, :, start : start + size] * scale
            for (name, (start, size)), scale in tensors
        }
        return laid_out(part.template, changes)
