"""NG-T: a transformer on neural graphs."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.metanet import Metanet, head
from metanet.models.neural_graphs import KERNEL_TAPS, NeuralGraph, NeuralGraphEncoder, pooled
from metanet.models.side_inputs import SIDE, SideInputs
from metanet.options import OPTIONS
from metanet.sources import Net


class NGT(Metanet, options=OPTIONS):
    """NG-T (Kofinas et al., ICLR 2024): a relational transformer on neural graphs.

        model = metanet.NGT(hidden=64, layers=4, heads=4)

    Attention between all pairs of a network's neurons; edges enter queries, keys and values, the
    values of neighbours also as factors, and are updated from both directions. Time and memory
    grow with the square of the number of neurons. For chains of any size. `channels` and what
    follows are those of `SideInputs`.
    """

    method: ClassVar[str] = "NG-T"

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        heads: int = 4,
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
        if hidden % heads:
            raise MetanetError(f"`hidden` ({hidden}) must be a multiple of `heads` ({heads})")
        self.encoder = NeuralGraphEncoder(hidden, kernel_taps, options)
        self.layers = nn.ModuleList(NGTLayer(hidden, heads) for _ in range(layers))
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows = []
        for part in batch.parts:
            graph = self.encoder(part, self.method)
            nodes, edges = torch.cat(graph.nodes, dim=1), dense(graph)
            for layer in self.layers:
                nodes, edges = layer(nodes, edges)
            rows.append(pooled(nodes, nodes[:, -graph.nodes[-1].shape[1] :]))
        return torch.cat(rows)[batch.order]


def dense(graph: NeuralGraph) -> Tensor:
    """Write all edges into one table, (networks, targets, sources, h); zero where there is none."""
    sizes = [state.shape[1] for state in graph.nodes]
    networks, width = graph.nodes[0].shape[0], graph.nodes[0].shape[2]
    table = graph.nodes[0].new_zeros(networks, sum(sizes), sum(sizes), width)
    for index, edges in enumerate(graph.edges):
        source, target = sum(sizes[:index]), sum(sizes[: index + 1])
        rows, columns = sizes[index + 1], sizes[index]
        table[:, target : target + rows, source : source + columns] = edges
    return table


class NGTLayer(nn.Module):
    """Relational attention, and an update of edges."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.node_norm, self.edge_norm = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.from_nodes = nn.Linear(hidden, 5 * hidden)
        self.from_edges = nn.Linear(hidden, 4 * hidden)
        self.update = nn.Linear(hidden, 2 * hidden)
        self.to_edge = nn.Linear(hidden, hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.to_node = nn.Sequential(
            nn.LayerNorm(hidden), nn.Linear(hidden, 2 * hidden), nn.SiLU(),
            nn.Linear(2 * hidden, hidden),
        )  # fmt: skip

    def forward(self, nodes: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Give the next states of nodes and edges."""
        normed = self.edge_norm(edges)
        query, key, value, target, source = self.from_nodes(self.node_norm(nodes)).chunk(5, -1)
        edge_query, edge_key, scale, shift = self.from_edges(normed).chunk(4, dim=-1)
        split = (self.heads, -1)
        queries = (query.unsqueeze(2) + edge_query).unflatten(-1, split)
        keys = (key.unsqueeze(1) + edge_key).unflatten(-1, split)
        values = (value.unsqueeze(1) * (1 + scale) + shift).unflatten(-1, split)
        scores = (queries * keys).sum(-1) / queries.shape[-1] ** 0.5
        weights = scores.softmax(dim=2).unsqueeze(-1)
        nodes = nodes + self.mix((weights * values).sum(2).flatten(-2))
        nodes = nodes + self.to_node(nodes)
        own, back = self.update(normed).chunk(2, dim=-1)
        pairs = own + back.transpose(1, 2) + target.unsqueeze(2) + source.unsqueeze(1)
        return nodes, edges + self.to_edge(nn.functional.silu(pairs))
