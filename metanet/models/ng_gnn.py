"""NG-GNN: a graph network on neural graphs."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.models.metanet import Metanet, head
from metanet.models.neural_graphs import KERNEL_TAPS, NeuralGraph, NeuralGraphEncoder, pooled
from metanet.models.side_inputs import SIDE, SideInputs
from metanet.options import OPTIONS
from metanet.sources import Net


class NGGNN(Metanet, options=OPTIONS):
    """NG-GNN: a graph network with modulated messages on neural graphs.

        model = metanet.NGGNN(hidden=64, layers=4)

    Kofinas et al., *Graph neural networks for learning equivariant representations of neural
    networks* (ICLR 2024). A network is a graph of neurons, biases on nodes and weights on edges.
    Messages of a pair of nodes are scaled and shifted by maps of their edge, gathered by mean,
    maximum, minimum and standard deviation, in both directions; edges are updated too. For chains
    of any size. `channels` and what follows are those of `SideInputs`; `probes` gives the paper's
    probe features.
    """

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        kernel_taps: int = KERNEL_TAPS,
        dropout: float = 0.0,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
        probes: int = SIDE.probes,
        standardise_probes: bool = SIDE.standardise_probes,
        node_features: int = SIDE.node_features,
        net: Net | None = SIDE.net,
    ) -> None:
        super().__init__()
        options = SideInputs(
            channels=channels, conditions=conditions, probes=probes,
            standardise_probes=standardise_probes, node_features=node_features, net=net,
        )  # fmt: skip
        self.trunk = NGGNNTrunk(hidden, layers, kernel_taps, options)
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows = []
        for part in batch.parts:
            graph = self.trunk(part)
            rows.append(pooled(torch.cat(graph.nodes, dim=1), graph.nodes[-1]))
        return torch.cat(rows)[batch.order]


class NGGNNTrunk(nn.Module):
    """Encoder and layers of NG-GNN: what its predictor and its editor share."""

    method: ClassVar[str] = "NG-GNN"

    def __init__(
        self,
        hidden: int,
        layers: int,
        kernel_taps: int,
        options: SideInputs,
    ) -> None:
        super().__init__()
        self.encoder = NeuralGraphEncoder(hidden, kernel_taps, options)
        self.layers = nn.ModuleList(NGGNNLayer(hidden) for _ in range(layers))

    def forward(self, part: Part) -> NeuralGraph:
        """Give the last states of a part's networks."""
        graph: NeuralGraph = self.encoder(part, self.method)
        for layer in self.layers:
            layer(graph)
        return graph


class NGGNNLayer(nn.Module):
    """A round of messages in both directions, and an update of edges."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.node_norm, self.edge_norm = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.from_nodes = nn.Linear(hidden, 6 * hidden)
        self.modulate = nn.Linear(hidden, 4 * hidden)
        self.from_edge = nn.Linear(hidden, hidden)
        self.to_edge = nn.Linear(hidden, hidden)
        self.to_node = nn.Sequential(
            nn.Linear(9 * hidden, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, hidden)
        )

    def forward(self, graph: NeuralGraph) -> None:
        """Replace the states of a graph by the next ones."""
        nodes = [self.node_norm(state) for state in graph.nodes]
        ends = [self.from_nodes(state).chunk(6, dim=-1) for state in nodes]
        empty = [torch.zeros_like(torch.cat([state] * 4, dim=-1)) for state in nodes]
        received, returned = [*empty], [*empty]
        for index, edges in enumerate(graph.edges):
            normed = self.edge_norm(edges)
            scale, shift, scale_back, shift_back = self.modulate(normed).chunk(4, dim=-1)
            source, target = ends[index], ends[index + 1]
            messages = [
                nn.functional.silu(source[i].unsqueeze(1) + target[i + 1].unsqueeze(2))
                for i in (0, 2, 4)
            ]
            received[index + 1] = gathered((1 + scale) * messages[0] + shift, 2)
            returned[index] = gathered((1 + scale_back) * messages[1] + shift_back, 1)
            graph.edges[index] = edges + self.to_edge(
                nn.functional.silu(self.from_edge(normed) + messages[2])
            )
        for index, state in enumerate(graph.nodes):
            known = torch.cat([nodes[index], received[index], returned[index]], dim=-1)
            graph.nodes[index] = state + self.to_node(known)


def gathered(messages: Tensor, axis: int) -> Tensor:
    """Gather messages along an axis by mean, maximum, minimum and standard deviation."""
    deviation = (messages.var(axis, unbiased=False) + 1e-5).sqrt()
    return torch.cat(
        [messages.mean(axis), messages.amax(axis), messages.amin(axis), deviation], dim=-1
    )
