"""Tables of entities, users and words: those of torch_geometric, and restated ones."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch_geometric.nn import DistMult, TransE

from published.network import Published


class MatrixFactorisation(nn.Module):
    def __init__(self, users: int, items: int, width: int) -> None:
        super().__init__()
        self.user_factors, self.user_bias = nn.Embedding(users, width), nn.Embedding(users, 1)
        self.item_factors, self.item_bias = nn.Embedding(items, width), nn.Embedding(items, 1)
        self.mean = nn.Parameter(torch.zeros(1))

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        both = (self.user_factors(user) * self.item_factors(item)).sum(-1, keepdim=True)
        return both + self.user_bias(user) + self.item_bias(item) + self.mean


class MemoryNetwork(nn.Module):
    """Bags of words in a memory that is read several times."""

    def __init__(self, vocabulary: int, memories: int, width: int, hops: int) -> None:
        super().__init__()
        self.hops = hops
        self.C = nn.ModuleList(nn.Embedding(vocabulary, width) for _ in range(hops + 1))
        self.T = nn.ModuleList(nn.Embedding(memories, width) for _ in range(hops + 1))

    def forward(self, story: Tensor, question: Tensor) -> Tensor:
        memories = [
            table(story).sum(2) + times.weight for table, times in zip(self.C, self.T, strict=True)
        ]
        u = self.C[0](question).sum(1)
        for keys, values in pairwise(memories):
            shares = (u[:, None] * keys).sum(-1).softmax(-1)
            u = u + (shares[..., None] * values).sum(1)
        return (u @ self.C[-1].weight.T).softmax(-1)


NETWORKS = (
    Published(
        "TransE", "Bordes et al. 2013", "published/transe.yaml", "torch_geometric `TransE`",
        lambda: TransE(6, 3, 5), lambda model, head, relation, tail: model(head, relation, tail),
    ),
    Published(
        "DistMult", "Yang et al. 2015", "published/distmult.yaml", "torch_geometric `DistMult`",
        lambda: DistMult(6, 3, 5), lambda model, head, relation, tail: model(head, relation, tail),
    ),
    Published(
        "Matrix factorisation", "Koren et al. 2009", "published/matrix_factorisation.yaml",
        "restated", lambda: MatrixFactorisation(6, 4, 5), MatrixFactorisation.__call__,
    ),
    Published(
        "Memory network", "Sukhbaatar et al. 2015", "published/memory_network.yaml", "restated",
        lambda: MemoryNetwork(7, 3, 5, 2), MemoryNetwork.__call__,
    ),
)  # fmt: skip
