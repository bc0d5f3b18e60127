"""NG-GNN and NG-T: neural graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.metanet import Metanet, head
from metanet.models.nfn import waves

ACTIVATIONS = ("", "relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "sine", "other")


@dataclass
class NeuralGraph:
    """States of the networks of a part.

    `nodes[l]` (networks, n_l, h), layer 0 the inputs; `edges[l]` (networks, n_(l+1), n_l, h).
    """

    nodes: list[Tensor]
    edges: list[Tensor]


class NeuralGraphEncoder(nn.Module):
    """First states of neural graphs: biases on nodes, weights on edges, and positions.

    Kernels of at most `kernel_taps` along an axis lie in the middle of a grid of channels. Input
    and output neurons are told apart by waves over their place, hidden layers by their depth.
    """

    def __init__(self, hidden: int, kernel_taps: int) -> None:
        super().__init__()
        self.taps = kernel_taps
        self.weight = nn.Linear(kernel_taps**2, hidden)
        self.bias = nn.Linear(1, hidden)
        self.activation = nn.Embedding(len(ACTIVATIONS), hidden)
        self.depth = nn.Linear(1, hidden)
        self.ends = nn.Embedding(3, hidden)
        self.places = nn.Linear(hidden, hidden, bias=False)

    def forward(self, part: Part, method: str) -> NeuralGraph:
        """Encode the networks of a part."""
        layers = chain(part.template, method)
        last = len(layers)
        networks = len(part.positions)
        first = part.values.new_zeros(networks, layers[0].in_features, 1)
        graph = NeuralGraph([self.node(first, "", 0, last)], [])
        for number, layer in enumerate(layers, start=1):
            biases = bias_of(part, layer).unsqueeze(2)
            graph.nodes.append(self.node(biases, layer.activation, number, last))
            graph.edges.append(self.weight(self.channels(part, layer, method)))
        return graph

    def node(self, biases: Tensor, activation: str, number: int, last: int) -> Tensor:
        """Encode the neurons of one layer."""
        name = activation if activation in ACTIVATIONS else "other"
        kind = 0 if number == 0 else 2 if number == last else 1
        constant = (
            self.activation.weight[ACTIVATIONS.index(name)]
            + self.ends.weight[kind]
            + self.depth(biases.new_tensor([number / last]))
        )
        state: Tensor = self.bias(biases) + constant
        if kind != 1:
            state = state + self.places(waves(biases.shape[1], state))
        return state

    def channels(self, part: Part, layer: ChainLayer, method: str) -> Tensor:
        """Put a layer's taps into the middle of the grid, (networks, out, in, taps * taps)."""
        weights = weight_of(part, layer)
        shape = next(b.shape for b in part.template.blocks if b.tensor == layer.weight)
        kernel = (1, 1, *shape[2:])[-2:] if layer.channels > 1 else (1, 1)
        if max(kernel) > self.taps:
            raise MetanetError(
                f"{method} was made for kernels of at most {self.taps} x {self.taps}, got "
                f"{' x '.join(map(str, kernel))} at {layer.weight!r}: set `kernel_taps`"
            )
        grid = weights.new_zeros(*weights.shape[:3], self.taps, self.taps)
        top, left = (self.taps - kernel[0]) // 2, (self.taps - kernel[1]) // 2
        grid[..., top : top + kernel[0], left : left + kernel[1]] = weights.unflatten(3, kernel)
        return grid.flatten(3)


class NGGNN(Metanet):
    """NG-GNN: a graph network with modulated messages on neural graphs.

        model = metanet.NGGNN(hidden=64, layers=4)

    Kofinas et al., *Graph neural networks for learning equivariant representations of neural
    networks* (ICLR 2024). A network is a graph of neurons, biases on nodes and weights on edges.
    Messages of a pair of nodes are scaled and shifted by maps of their edge, gathered by mean,
    maximum, minimum and standard deviation, in both directions; edges are updated too. For chains
    of any size.
    """

    method: ClassVar[str] = "NG-GNN"

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        kernel_taps: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            hidden=hidden, layers=layers, outputs=outputs, kernel_taps=kernel_taps, dropout=dropout
        )
        self.encoder = NeuralGraphEncoder(hidden, kernel_taps)
        self.layers = nn.ModuleList(NGGNNLayer(hidden) for _ in range(layers))
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        rows = []
        for part in batch.parts:
            graph = self.encoder(part, self.method)
            for layer in self.layers:
                layer(graph)
            rows.append(pooled(torch.cat(graph.nodes, dim=1), graph.nodes[-1]))
        return self.head(torch.cat(rows)[batch.order])


def pooled(nodes: Tensor, outputs: Tensor) -> Tensor:
    """Average all nodes, and the output neurons, side by side."""
    return torch.cat([nodes.mean(1), outputs.mean(1)], dim=1)


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


class NGT(Metanet):
    """NG-T (Kofinas et al., ICLR 2024): a relational transformer on neural graphs.

        model = metanet.NGT(hidden=64, layers=4, heads=4)

    Attention between all pairs of a network's neurons; edges enter queries, keys and values, the
    values of neighbours also as factors, and are updated from both directions. Time and memory
    grow with the square of the number of neurons. For chains of any size.
    """

    method: ClassVar[str] = "NG-T"

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        heads: int = 4,
        kernel_taps: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            hidden=hidden, layers=layers, outputs=outputs, heads=heads, kernel_taps=kernel_taps,
            dropout=dropout,
        )  # fmt: skip
        if hidden % heads:
            raise MetanetError(f"`hidden` ({hidden}) must be a multiple of `heads` ({heads})")
        self.encoder = NeuralGraphEncoder(hidden, kernel_taps)
        self.layers = nn.ModuleList(NGTLayer(hidden, heads) for _ in range(layers))
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        rows = []
        for part in batch.parts:
            graph = self.encoder(part, self.method)
            nodes, edges = torch.cat(graph.nodes, dim=1), dense(graph)
            for layer in self.layers:
                nodes, edges = layer(nodes, edges)
            rows.append(pooled(nodes, nodes[:, -graph.nodes[-1].shape[1] :]))
        return self.head(torch.cat(rows)[batch.order])


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
