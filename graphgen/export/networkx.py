"""Export to networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphgen.export.description import describe
from graphgen.export.library import EXPORT, library
from graphgen.export.scalar_columns import edge_rows, node_rows
from graphgen.export.values import graph_from
from graphgen.graph import Graph

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def to_networkx(graph: Graph) -> MultiDiGraph:
    """Give a `networkx.MultiDiGraph`; the key of an edge is its number in the graph.

        result = graphgen.export.to_networkx(graph)
        result.nodes[0]                     # {"node_kind": 0, "node_group": 0, "node_depth": 0}
        result.edges[0, 4, 0]["value"]      # a numpy scalar of the weights' dtype
        result.graph["description"]         # JSON, with the words behind the kinds

    networkx iterates node by node; sorted by key, edges are in the graph's order.
    """
    graph = graph_from(graph)
    networkx = library("networkx", EXPORT)
    result = networkx.MultiDiGraph(description=describe(graph))
    result.add_nodes_from(enumerate(node_rows(graph.template)))
    result.add_edges_from(
        (source, target, edge, row) for edge, (source, target, row) in enumerate(edge_rows(graph))
    )
    return result
