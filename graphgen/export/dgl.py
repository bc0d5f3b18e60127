"""Export to the Deep Graph Library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen.columns import edge_columns, node_columns
from graphgen.export.library import DGL, METANET, library
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from dgl import DGLGraph


def to_dgl(graph: Graph) -> DGLGraph:
    """Give a `dgl.DGLGraph` whose edge ids are the graph's; needs dgl with PyTorch.

        result = graphgen.export.to_dgl(graph)
        result.edata["value"]               # (E,), in the weights' dtype
        result.ndata["node_kind"]           # int64 (nodes,), indices into columns.NODE_KINDS

    dgl holds no text; `graph.with_edge_values(result.edata["value"].numpy())` gives the graph back.
    Weights of 8 bits become float32.
    """
    graph = graph_from(graph)
    torch = library("torch", METANET)
    dgl = library("dgl", DGL)
    sources, targets = (tensor(torch, ends) for ends in graph.edge_index())
    values = graph.edge_values()
    if values.dtype != ml_dtypes.bfloat16:
        values = plain_values(graph)
    result = dgl.graph((sources, targets), num_nodes=graph.num_nodes)
    for name, column in node_columns(graph.template).items():
        result.ndata[name] = tensor(torch, column)
    result.edata["value"] = tensor(torch, values)
    for name, column in edge_columns(graph.template).items():
        result.edata[name] = tensor(torch, column)
    return result


def tensor(torch: Any, array: NDArray[Any]) -> Any:
    """Give an array as a tensor; bfloat16 goes by its bits, since torch does not know numpy's."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)
