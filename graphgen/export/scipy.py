"""Export to a sparse matrix of scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphgen.export.description import describe
from graphgen.export.library import EXPORT, library
from graphgen.export.tables import Table, tables
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from scipy.sparse import coo_array


class SparseGraph(NamedTuple):
    """A graph as a sparse matrix, with tables of arrays for its rows and for its entries."""

    adjacency: coo_array
    nodes: Table
    edges: Table
    description: str


def to_scipy(graph: Graph) -> SparseGraph:
    """Give a `scipy.sparse.coo_array` with an entry for each edge: row source, column target.

        result = graphgen.export.to_scipy(graph)
        result.adjacency.data               # (E,), in the graph's order
        result.nodes["features"], result.edges["features"]      # float32 (N, F), (E, G)
        graphgen.export.restore_weights(result.description, result.adjacency.data)

    Features are those of `graphgen.features`; the description names their columns.
    Parallel edges, such as the taps of a kernel, are duplicate entries, and a weight of zero is a
    stored zero. Arithmetic, `toarray`, `tocsr` and `sum_duplicates` add parallel edges up. Weights
    of half precision or less become float32, the smallest floats that scipy's matrices have.
    """
    graph = graph_from(graph)
    sparse = library("scipy.sparse", EXPORT)
    entries = plain_values(graph, least=4), tuple(graph.edge_index())
    adjacency = sparse.coo_array(entries, shape=(graph.num_nodes, graph.num_nodes))
    return SparseGraph(adjacency, *tables(graph), describe(graph))
