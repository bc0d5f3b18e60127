"""Networks of graphs: the layers of torch_geometric on the edges of an adjacency matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv
from torch_geometric.utils import dense_to_sparse

import spec
from published.network import Array, Published


class Nodes(nn.Module):
    """Two convolutions; `last` is applied to what comes of each node."""

    def __init__(
        self, conv1: nn.Module, conv2: nn.Module, hidden: nn.Module, last: nn.Module
    ) -> None:
        super().__init__()
        self.conv1, self.conv2, self.hidden, self.last = conv1, conv2, hidden, last

    def forward(self, x: Tensor, edges: Tensor, weights: Tensor) -> Tensor:
        weighted = (edges, weights) if isinstance(self.conv1, GCNConv) else (edges,)
        h = self.hidden(self.conv1(x, *weighted))
        return self.last(self.conv2(h, *weighted))


class GIN(nn.Module):
    """Isomorphism layers, the sum over nodes, and a head."""

    def __init__(self, features: int, hidden: int, depth: int, classes: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        for i in range(depth):
            inner = nn.Sequential(
                nn.Linear(hidden if i else features, hidden),
                nn.BatchNorm1d(hidden),
                nn.ReLU(),
                nn.Linear(hidden, hidden),
            )
            self.convs.append(GINConv(inner, train_eps=True))
        self.lin1 = nn.Linear(hidden, hidden)
        self.lin2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor, edges: Tensor, weights: Tensor) -> Tensor:
        for conv in self.convs:
            x = conv(x, edges).relu()
        return self.lin2(self.lin1(x.sum(0)).relu())


def each_graph(model: nn.Module, x: Tensor, adjacency: Tensor) -> Tensor:
    """Apply a model to one graph after the other, with edges from column to row."""
    edges = [dense_to_sparse(matrix.T) for matrix in adjacency]
    return torch.stack([model(nodes, *of) for nodes, of in zip(x, edges, strict=True)])


def graphs(weighted: bool) -> Callable[[spec.Architecture, np.random.Generator], Sequence[Array]]:
    """Draw features and directed edges without loops, some nodes without any."""

    def draw(net: spec.Architecture, rng: np.random.Generator) -> Sequence[Array]:
        x, adjacency = (rng.standard_normal((3, *shape)) for shape in net.inputs.values())
        there = (adjacency > 0) & ~np.eye(adjacency.shape[1], dtype=bool)
        return x, np.where(there, adjacency if weighted else 1.0, 0.0)

    return draw


def gat() -> nn.Module:
    return Nodes(GATConv(3, 3, heads=2), GATConv(6, 2), nn.ELU(), nn.LogSoftmax(-1))


NETWORKS = (
    Published(
        "GCN", "Kipf & Welling 2017", "published/gcn.yaml", "torch_geometric `GCNConv`",
        lambda: Nodes(GCNConv(3, 6), GCNConv(6, 2), nn.ReLU(), nn.LogSoftmax(-1)),
        each_graph, inputs=graphs(weighted=True),
    ),
    Published(
        "GAT", "Velickovic et al. 2018", "published/gat.yaml", "torch_geometric `GATConv`",
        gat, each_graph, inputs=graphs(weighted=False),
    ),
    Published(
        "GraphSAGE", "Hamilton et al. 2017", "published/graphsage.yaml",
        "torch_geometric `SAGEConv`",
        lambda: Nodes(SAGEConv(3, 6), SAGEConv(6, 2), nn.ReLU(), nn.Identity()),
        each_graph, inputs=graphs(weighted=False),
    ),
    Published(
        "GIN", "Xu et al. 2019", "published/gin.yaml", "torch_geometric `GINConv`",
        lambda: GIN(3, 4, 2, 2), each_graph, inputs=graphs(weighted=False),
    ),
)  # fmt: skip
