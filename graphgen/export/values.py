"""What an export takes, and the values of its edges in dtypes that other libraries know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import in_numpy
from graphgen.errors import instance
from graphgen.graph import Graph


def graph_from(value: object) -> Graph:
    """Give a graph back; `GraphError` for anything else.

    graph = graph_from(graph)
    """
    return instance(value, Graph, "graph", "graphgen.compile(net, weights) makes one")


def plain_values(graph: Graph, least: int = 2) -> NDArray[Any]:
    """Give the edges' values in numpy's own floats of at least so many bytes, shape (E,).

    Narrower floats and bfloat16, which few libraries know, become float32, which holds them
    exactly; wider ones than float64 become float64.
    """
    values = graph.edge_values()
    if not in_numpy(values.dtype) or values.dtype.itemsize < least:
        return values.astype(np.float32)
    return values.astype(np.float64) if values.dtype.itemsize > 8 else values
