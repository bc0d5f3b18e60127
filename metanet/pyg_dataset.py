"""Graph sets as data sets of PyTorch Geometric."""

from __future__ import annotations

from torch_geometric.data import Data, Dataset

from graphgen import GraphSet
from graphgen.export import to_pyg
from metanet.datasets import targets_of


class PyGDataset(Dataset):
    """A graph set as a data set of PyTorch Geometric, each network as `to_pyg` gives it.

        dataset = metanet.PyGDataset(graph_set, "metrics.test_accuracy")
        for data in torch_geometric.loader.DataLoader(dataset, batch_size=8):
            data.x, data.edge_index, data.edge_attr, data.y     # y float32 (8,)

    For graph networks of one's own; every edge is an edge here, so large networks need memory.
    `target` and errors are those of `metanet.GraphDataset`.
    """

    def __init__(self, graphs: GraphSet, target: str | None = None) -> None:
        super().__init__()
        self.graphs = graphs
        self.y = targets_of(graphs, target)

    def len(self) -> int:
        """Count the networks."""
        return len(self.graphs)

    def get(self, idx: int) -> Data:
        """Give a network, and as `y` what is to be predicted of it."""
        data = to_pyg(self.graphs[idx])
        data.y = self.y[idx].reshape(1)
        return data
