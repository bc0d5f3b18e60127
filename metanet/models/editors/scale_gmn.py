"""ScaleGMN that writes weights, which scale as the old ones do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

import spec
from metanet.batch import Batch, Part
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.metanet import architecture_of
from metanet.models.scale_gmn import ScaleEquivariant, ScaleGMNTrunk


class ScaleGMNEditor(Editor):
    """ScaleGMN that writes weights: new weights scale, and change their signs, as the old ones do.

        editor = metanet.ScaleGMNEditor(net, hidden=64, bidirectional=True)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    Kalogeropoulos et al. (NeurIPS 2024). An edge's state is multiplied along with its weight, a
    node's along with its bias, so maps that scale with them give changes that do; output neurons
    have no scale, and a map without that bond gives their biases. Permuting hidden neurons permutes
    the new weights. It takes what `ScaleGMN` takes; without `bidirectional`, early layers hear
    nothing of later ones. `conditions` is the number of a batch's conditions. There are no
    `channels`: gradients scale the other way round.
    """

    def __init__(
        self,
        net: spec.Architecture | Mapping[str, Any],
        hidden: int = 64,
        layers: int = 4,
        members: int = 1,
        *,
        bidirectional: bool = False,
        conditions: int = 0,
    ) -> None:
        net = architecture_of(net)
        super().__init__(
            net=net, hidden=hidden, layers=layers, members=members,
            bidirectional=bidirectional, conditions=conditions,
        )  # fmt: skip
        self.trunk = ScaleGMNTrunk(
            net, hidden, layers, bidirectional=bidirectional, conditions=conditions
        )
        positive, depth = self.trunk.positive, len(self.trunk.chain)
        self.to_weight = nn.ModuleList(
            ScaleEquivariant(hidden, members * layer.channels, positive)
            for layer in self.trunk.chain
        )
        self.to_bias = nn.ModuleList(
            ScaleEquivariant(hidden, members, positive) for _ in range(depth - 1)
        )
        self.to_bias.append(nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, members)))
        self.scale = first_scales(2 * depth)

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        nodes, edges = self.trunk(part)
        changes = {}
        for number, layer in enumerate(self.trunk.layers_of(part)):
            weight = self.to_weight[number](edges[number]) * self.scale[2 * number]
            weight = weight.unflatten(-1, (self.members, layer.channels))
            changes[layer.weight] = weight.movedim(3, 1).flatten(2)
            if layer.bias is not None:
                bias = self.to_bias[number](nodes[number + 1]) * self.scale[2 * number + 1]
                changes[layer.bias] = bias.transpose(1, 2)
        return laid_out(part.template, changes)
