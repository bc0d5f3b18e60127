"""A plain MLP on the flattened weights of one architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Batch, float_offsets
from metanet.errors import MetanetError
from metanet.models.encoder import SCALES, several_scales
from metanet.models.metanet import Metanet, head


class MLP(Metanet):
    """An MLP on all numbers of a network, one tensor after the other.

        model = metanet.MLP(net, hidden=128)

    It takes networks of the one architecture that it was made for, and has no symmetry. With
    `augment`, each network is permuted by a random symmetry whenever it is seen in training, so
    that the model may learn what others have built in.
    """

    def __init__(
        self,
        net: spec.Architecture | Mapping[str, Any],
        hidden: int = 64,
        layers: int = 2,
        outputs: int = 1,
        *,
        augment: bool = True,
        dropout: float = 0.0,
    ) -> None:
        if not isinstance(net, spec.Architecture):
            net = spec.from_resolved(dict(net))
        super().__init__(
            net=net.resolved(), hidden=hidden, layers=layers, outputs=outputs, augment=augment,
            dropout=dropout,
        )  # fmt: skip
        self.template = graphgen.template(net)
        self.symmetries = graphgen.symmetries(net) if augment else None
        self.offsets = float_offsets(self.template)
        self.size = sum(size for _, size in self.offsets.values())
        if not self.size:
            raise MetanetError(f"the architecture {net.name!r} has no weights that could be read")
        steps: list[nn.Module] = []
        for before in (SCALES * self.size, *(hidden,) * (layers - 1)):
            steps += [nn.Linear(before, hidden), nn.SiLU()]
        self.layers = nn.Sequential(*steps)
        self.head = head(hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        if any(p.template.architecture != self.template.architecture for p in batch.parts):
            raise MetanetError(
                "this MLP takes networks of one architecture, that of "
                f"{self.template.architecture[:12]}; the batch has another"
            )
        rows = []
        for part in batch.parts:
            values = part.values
            if self.training and self.symmetries is not None:
                index = torch.stack([self.permuted() for _ in part.positions])
                values = values.gather(1, index.to(values.device))
            rows.append(self.layers(several_scales(values.unsqueeze(2)).flatten(1)))
        return self.head(torch.cat(rows)[batch.order])

    def permuted(self) -> Tensor:
        """Draw a symmetry: for each number of a network, the place of the one it takes."""
        if self.symmetries is None:
            raise MetanetError("this MLP was made without augmentation")
        element = self.symmetries.sample(np.random.default_rng(int(torch.randint(2**31, ()))))
        index = torch.arange(self.size)
        for block in self.template.blocks:
            if block.tensor in self.offsets and not block.tied:
                tensor, order = element.edges(block)
                start, size = self.offsets[block.tensor]
                index[start : start + size] = self.offsets[str(tensor)][0] + torch.from_numpy(order)
        return index
