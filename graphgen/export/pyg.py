"""Export to PyTorch Geometric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphgen.columns import edge_columns, node_columns
from graphgen.export.library import METANET, library
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from torch_geometric.data import Data


def to_pyg(graph: Graph) -> Data:
    """Give a `torch_geometric.data.Data` with every edge of the graph.

        data = graphgen.export.to_pyg(graph)
        data.edge_index, data.edge_attr      # int64 (2, E); (E, 1), the values
        data.node_kind, data.node_group      # int64 (nodes,)
        data.edge_kind, data.edge_block      # int64 (E,)
        data.edge_position                   # float32 (E, 3), coordinates of taps and positions

    The vocabularies behind the kinds are `graphgen.columns.NODE_KINDS` and `EDGE_KINDS`.
    """
    graph = graph_from(graph)
    torch = library("torch", METANET)
    data = library("torch_geometric.data", METANET)
    values = plain_values(graph)
    columns = {**node_columns(graph.template), **edge_columns(graph.template)}
    return data.Data(
        edge_index=torch.from_numpy(graph.edge_index()),
        edge_attr=torch.from_numpy(values).unsqueeze(1),
        num_nodes=graph.num_nodes,
        **{name: torch.from_numpy(column) for name, column in columns.items()},
    )
