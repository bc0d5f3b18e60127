"""Export to a sparse matrix of scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphgen.export.library import EXPORT, library
from graphgen.export.values import graph_from, plain_values
from graphgen.graph import Graph

if TYPE_CHECKING:
    from scipy.sparse import coo_array


def to_scipy(graph: Graph) -> coo_array:
    """Give a `scipy.sparse.coo_array` with an entry for each edge: row source, column target.

        result = graphgen.export.to_scipy(graph)
        result.data                         # (E,), in the graph's order
        graph.with_edge_values(result.data)

    Parallel edges, such as the taps of a kernel, are duplicate entries, and a weight of zero is a
    stored zero. Arithmetic, `toarray`, `tocsr` and `sum_duplicates` add parallel edges up. Weights
    of half precision or less become float32, the smallest floats that scipy's matrices have.
    """
    graph = graph_from(graph)
    sparse = library("scipy.sparse", EXPORT)
    values = plain_values(graph)
    if values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    sources, targets = graph.edge_index()
    return sparse.coo_array((values, (sources, targets)), shape=(graph.num_nodes, graph.num_nodes))
