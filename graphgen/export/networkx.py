"""Export to networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphgen.export.description import describe
from graphgen.export.library import EXPORT, library
from graphgen.export.tables import rows, scalar_tables
from graphgen.export.values import graph_from
from graphgen.graph import Graph

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def to_networkx(graph: Graph) -> MultiDiGraph:
    """Give a `networkx.MultiDiGraph`; the key of an edge is its number in the graph.

        result = graphgen.export.to_networkx(graph)
        result.nodes[0]                     # {"node_kind": 0, ..., "kind_input": 1.0, ...}
        result.edges[0, 4, 0]["value"]      # a float, which holds those of every dtype
        result.graph["description"]         # JSON, with the words behind the kinds
        networkx.write_gml(result, "net.gml")

    Features are those of `graphgen.features`, but for columns that are 0 throughout the graph.
    networkx iterates node by node; sorted by key, edges are in the graph's order.
    """
    graph = graph_from(graph)
    networkx = library("networkx", EXPORT)
    result = networkx.MultiDiGraph(description=describe(graph))
    nodes, edges = scalar_tables(graph, zeros=False)
    result.add_nodes_from(enumerate(rows(nodes)))
    result.add_edges_from(
        (row.pop("source"), row.pop("target"), edge, row) for edge, row in enumerate(rows(edges))
    )
    return result
