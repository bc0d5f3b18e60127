"""Export to the Deep Graph Library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen.export.description import describe
from graphgen.export.library import DGL, METANET, library
from graphgen.export.tables import tables
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from dgl import DGLGraph


def to_dgl(graph: Graph) -> DGLGraph:
    """Give a `dgl.DGLGraph` whose edge ids are the graph's; needs dgl with PyTorch.

        result = graphgen.export.to_dgl(graph)
        result.edata["value"]               # (E,), in the weights' dtype
        result.ndata["features"], result.edata["features"]      # float32 (N, F), (E, G)
        result.ndata["node_kind"]           # int64 (N,), and `node_group`
        result.description                  # JSON, names the columns; dgl's own files drop it

    Features are those of `graphgen.features`. Weights of 8 bits become float32.
    """
    graph = graph_from(graph)
    torch = library("torch", METANET)
    dgl = library("dgl", DGL)
    sources, targets = (tensor(torch, ends) for ends in graph.edge_index())
    values = graph.edge_values()
    if values.dtype != ml_dtypes.bfloat16:
        values = plain_values(graph)
    result = dgl.graph((sources, targets), num_nodes=graph.num_nodes)
    nodes, edges = tables(graph)
    for name, column in nodes.items():
        result.ndata[name] = tensor(torch, column)
    for name, column in {"value": values, **edges}.items():
        result.edata[name] = tensor(torch, column)
    result.description = describe(graph)
    return result


def tensor(torch: Any, array: NDArray[Any]) -> Any:
    """Give an array as a tensor; bfloat16 goes by its bits, since torch does not know numpy's."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)
