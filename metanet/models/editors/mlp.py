"""A plain MLP that writes the flattened weights of one architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

import spec
from metanet.batch import Batch, Part
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.metanet import architecture_of
from metanet.models.mlp import FlatTrunk


class MLPEditor(Editor):
    """An MLP from all numbers of a network to a change of each, with no symmetry.

        editor = metanet.MLPEditor(net, hidden=128)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    It takes networks of the one architecture that it was made for. With `augment`, each network is
    permuted by a random symmetry whenever it is seen in training, and its new weights are permuted
    back. Each tensor has a scale of its own. `options` are those of the trunk: `channels`,
    `conditions`.
    """

    def __init__(
        self,
        net: spec.Architecture | Mapping[str, Any],
        hidden: int = 64,
        layers: int = 2,
        members: int = 1,
        *,
        augment: bool = True,
        **options: Any,
    ) -> None:
        net = architecture_of(net)
        super().__init__(
            net=net, hidden=hidden, layers=layers, members=members, augment=augment,
            **options,
        )  # fmt: skip
        self.trunk = FlatTrunk(net, hidden, layers, augment=augment, **options)
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
