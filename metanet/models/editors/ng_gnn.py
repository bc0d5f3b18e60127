"""NG-GNN that writes weights."""

from __future__ import annotations

from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.models.chain import chain
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.neural_graphs import KERNEL_TAPS
from metanet.models.ng_gnn import NGGNNTrunk
from metanet.models.side_inputs import SIDE, SideInputs
from metanet.options import OPTIONS
from metanet.sources import Net


class NGGNNEditor(Editor, options=OPTIONS):
    """NG-GNN that writes weights: last edge states give weights, node states biases.

        editor = metanet.NGGNNEditor(hidden=64, layers=4)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    Kofinas et al. (ICLR 2024). Permuting the hidden neurons of a network permutes its new weights.
    For chains of any size; so there is one scale for all weights, and one for all biases.
    `channels` and what follows are those of `SideInputs`.
    """

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        members: int = 1,
        *,
        kernel_taps: int = KERNEL_TAPS,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
        probes: int = SIDE.probes,
        standardise_probes: bool = SIDE.standardise_probes,
        node_features: int = SIDE.node_features,
        net: Net | None = SIDE.net,
    ) -> None:
        super().__init__(members=members)
        options = SideInputs(
            channels=channels, conditions=conditions, probes=probes,
            standardise_probes=standardise_probes, node_features=node_features, net=net,
        )  # fmt: skip
        self.trunk = NGGNNTrunk(hidden, layers, kernel_taps, options)
        self.taps = kernel_taps
        self.to_weight = nn.Sequential(
            nn.LayerNorm(hidden), nn.Linear(hidden, members * kernel_taps**2)
        )
        self.to_bias = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, members))
        self.scale = first_scales(2)

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        method, encoder = self.trunk.method, self.trunk.encoder
        graph = self.trunk(part)
        changes = {}
        for number, layer in enumerate(chain(part.template, method)):
            _, rows, columns = encoder.window(part, layer, method)
            grid = self.to_weight(graph.edges[number]) * self.scale[0]
            grid = grid.unflatten(-1, (self.members, self.taps, self.taps))
            changes[layer.weight] = grid[..., rows, columns].movedim(3, 1).flatten(2)
            if layer.bias is not None:
                bias = self.to_bias(graph.nodes[number + 1]) * self.scale[1]
                changes[layer.bias] = bias.transpose(1, 2)
        return laid_out(part.template, changes)
