"""ScaleGMN that writes weights, which scale as the old ones do."""

from __future__ import annotations

from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.scale_gmn import ScaleGMNTrunk
from metanet.models.scale_layer import ScaleEquivariant
from metanet.models.side_inputs import SIDE
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of


class ScaleGMNEditor(Editor, options=OPTIONS):
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
        net: Net,
        hidden: int = 64,
        layers: int = 4,
        members: int = 1,
        *,
        bidirectional: bool = False,
        conditions: int = SIDE.conditions,
    ) -> None:
        super().__init__(members=members)
        self.trunk = ScaleGMNTrunk(
            architecture_of(net), hidden, layers,
            bidirectional=bidirectional, conditions=conditions,
        )  # fmt: skip
        depth = len(self.trunk.chain)
        self.to_weight = nn.ModuleList(
            ScaleEquivariant(hidden, members * layer.channels) for layer in self.trunk.chain
        )
        self.to_bias = nn.ModuleList(ScaleEquivariant(hidden, members) for _ in range(depth - 1))
        self.to_last_bias = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, members))
        self.scale = first_scales(2 * depth)

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        nodes, edges = self.trunk(part)
        changes = {}
        for number, layer in enumerate(self.trunk.layers_of(part)):
            weight = self.to_weight[number](edges[number], self.trunk.edge_scales[number])
            weight = weight * self.scale[2 * number]
            weight = weight.unflatten(-1, (self.members, layer.channels))
            changes[layer.weight] = weight.movedim(3, 1).flatten(2)
            if layer.bias is not None:
                bias = self.bias(number, nodes[number + 1]) * self.scale[2 * number + 1]
                changes[layer.bias] = bias.transpose(1, 2)
        return laid_out(part.template, changes)

    def bias(self, number: int, state: Tensor) -> Tensor:
        """Map the neurons of a layer to changes of their biases, (networks, neurons, members)."""
        if number == len(self.to_bias):
            result: Tensor = self.to_last_bias(state)
            return result
        result = self.to_bias[number](state, self.trunk.scales[number + 1])
        return result
