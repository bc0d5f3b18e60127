"""Export to PyTorch Geometric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphgen.export.description import describe
from graphgen.export.library import METANET, library
from graphgen.export.tables import tables
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from torch_geometric.data import Data


def to_pyg(graph: Graph) -> Data:
    """Give a `torch_geometric.data.Data` with every edge of the graph.

        data = graphgen.export.to_pyg(graph)
        data.x                                  # float32 (N, F), the features of nodes
        data.edge_index, data.edge_attr         # int64 (2, E); (E, 1 + G), values and features
        data.node_kind, data.node_group         # int64 (N,)
        data.edge_kind, data.edge_block         # int64 (E,), and `edge_parameter`
        graphgen.export.restore_weights(data.description, data.edge_attr[:, 0].numpy())

    Features are those of `graphgen.features`; the description names their columns. `edge_attr` is
    in the weights' dtype if that is float64, else in float32.
    """
    graph = graph_from(graph)
    torch = library("torch", METANET)
    data = library("torch_geometric.data", METANET)
    nodes, edges = tables(graph)
    values = plain_values(graph, least=4)
    attributes = np.column_stack([values, edges.pop("features")])
    columns = {"x": nodes.pop("features"), "edge_attr": attributes, **nodes, **edges}
    return data.Data(
        edge_index=torch.from_numpy(graph.edge_index()),
        num_nodes=graph.num_nodes,
        description=describe(graph),
        **{name: torch.from_numpy(column) for name, column in columns.items()},
    )
