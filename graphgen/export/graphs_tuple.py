"""Export to arrays in the form of jraph's `GraphsTuple`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.export.description import describe
from graphgen.export.tables import tables
from graphgen.export.values import graph_from
from graphgen.graph import Graph


class Fields(NamedTuple):
    """The fields of `jraph.GraphsTuple`, in their order."""

    nodes: dict[str, NDArray[Any]]
    edges: dict[str, NDArray[Any]]
    receivers: NDArray[np.int64]
    senders: NDArray[np.int64]
    globals: None
    n_node: NDArray[np.int64]
    n_edge: NDArray[np.int64]


class GraphsTuple(Fields):
    """A graph with the fields of `jraph.GraphsTuple`, as numpy arrays, and its `description`.

    The description, JSON, is an attribute beside the fields, since jraph adds up and stacks these.
    """

    description: str = ""


def to_graphs_tuple(graph: Graph) -> GraphsTuple:
    """Give the graph as a tuple of numpy arrays; needs neither jax nor jraph.

        result = graphgen.export.to_graphs_tuple(graph)
        jraph.GraphsTuple(*result)
        result.edges["value"]               # (E,), in the weights' dtype and the graph's order
        result.nodes["features"], result.edges["features"]      # float32 (N, F), (E, G)
        result.nodes["node_kind"]           # int64 (N,), and `node_group`
        graphgen.export.restore_weights(result.description, result.edges["value"])

    Features are those of `graphgen.features`; the description names their columns.
    """
    graph = graph_from(graph)
    sources, targets = graph.edge_index()
    nodes, edges = tables(graph)
    result = GraphsTuple(
        nodes=nodes,
        edges={"value": graph.edge_values(), **edges},
        receivers=targets,
        senders=sources,
        globals=None,
        n_node=np.array([graph.num_nodes], dtype=np.int64),
        n_edge=np.array([graph.num_edges], dtype=np.int64),
    )
    result.description = describe(graph)
    return result
