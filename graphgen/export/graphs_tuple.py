"""Export to arrays in the form of jraph's `GraphsTuple`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.columns import edge_columns, node_columns
from graphgen.export.values import graph_from
from graphgen.graph import Graph


class GraphsTuple(NamedTuple):
    """A graph with the fields of `jraph.GraphsTuple`, in their order, as numpy arrays."""

    nodes: dict[str, NDArray[Any]]
    edges: dict[str, NDArray[Any]]
    receivers: NDArray[np.int64]
    senders: NDArray[np.int64]
    globals: None
    n_node: NDArray[np.int64]
    n_edge: NDArray[np.int64]


def to_graphs_tuple(graph: Graph) -> GraphsTuple:
    """Give the graph as a tuple of numpy arrays; needs neither jax nor jraph.

        result = graphgen.export.to_graphs_tuple(graph)
        jraph.GraphsTuple(*result)
        result.edges["value"]               # (E,), in the weights' dtype and the graph's order
        result.nodes["node_kind"]           # int64 (nodes,), indices into columns.NODE_KINDS

    The form holds no text; `graph.with_edge_values(result.edges["value"])` gives the graph back.
    """
    graph = graph_from(graph)
    sources, targets = graph.edge_index()
    return GraphsTuple(
        nodes=node_columns(graph.template),
        edges={"value": graph.edge_values(), **edge_columns(graph.template)},
        receivers=targets,
        senders=sources,
        globals=None,
        n_node=np.array([graph.num_nodes], dtype=np.int64),
        n_edge=np.array([graph.num_edges], dtype=np.int64),
    )
