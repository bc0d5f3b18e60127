"""Graph sets as data sets of PyTorch, for whoever trains by hand."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from graphgen import Graph, GraphError, GraphSet
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.options import shown


class GraphDataset(TorchDataset[tuple[Graph, Tensor]]):
    """A graph set as a data set of PyTorch: each item is a graph, and the number to be predicted.

        dataset = metanet.GraphDataset(graph_set.select(split="train"), "metrics.test_accuracy")
        loader = DataLoader(dataset, batch_size=32, shuffle=True, collate_fn=dataset.collate)
        for batch, y in loader:              # a metanet.Batch, float32 (32,)
            loss = (model(batch).squeeze(1) - y).square().mean()

    `target` is the name of a number of each record, with dots into what is nested; without it `y`
    is nan. Raises `MetanetError` for what is no graph set, and for a target that is no number.
    """

    def __init__(self, graphs: GraphSet, target: str | None = None) -> None:
        self.graphs = graphs
        self.y = targets_of(graphs, target)

    def __len__(self) -> int:
        return len(self.graphs)

    def __getitem__(self, i: int) -> tuple[Graph, Tensor]:
        return self.graphs[i], self.y[i]

    @staticmethod
    def collate(items: Sequence[tuple[Graph, Tensor]]) -> tuple[Batch, Tensor]:
        """Make a batch of items: networks in their order, and what is to be predicted, (n,)."""
        return Batch.from_graphs([graph for graph, _ in items]), torch.stack([y for _, y in items])


def targets_of(graphs: GraphSet, target: str | None) -> Tensor:
    """Give what is to be predicted of each network, float32 (networks,); nan without a target."""
    if not isinstance(graphs, GraphSet):
        raise MetanetError(
            f"`graphs` is {shown(graphs)}, expected a GraphSet; graphgen.GraphSet.open(folder) "
            "opens one, and graphgen.GraphSet.write writes one"
        )
    if target is None:
        return torch.full((len(graphs),), torch.nan)
    try:
        column = graphs.column(target)
    except GraphError as error:
        raise MetanetError(f"`target`: {error}") from None
    if column.dtype.kind not in "fiub":
        raise MetanetError(
            f"`target` is {target!r}, which is no number of every network; name one that is"
        )
    return torch.from_numpy(column).to(torch.float32)
