"""What every export of a graph has to hold: the edges in order, and the weights again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx
import numpy as np

import graphgen
from graphgen.testing import random_weights
from spec import Architecture

Export = tuple[Any, Any, str | bytes]


def check_exports(net: Architecture, folder: Path, text: int = 120) -> None:
    """Check that every export has the edges in the graph's order, and gives the weights back.

    Text, and objects for each edge, are left to graphs of at most `text` edges.
    """
    weights = random_weights(net, np.random.default_rng(0))
    graph = graphgen.compile(net, weights)
    small = graph.num_edges <= text
    for ends, values, description in (
        *of_arrays(graph),
        *(of_text(graph, folder) if small else ()),
    ):
        assert np.array_equal(np.stack(ends), graph.edge_index())
        found = graphgen.export.restore_weights(description, np.asarray(values))
        assert found.keys() == weights.keys()
        for name, array in weights.items():
            assert found[name].tobytes() == array.tobytes()


def of_arrays(graph: graphgen.Graph) -> Iterator[Export]:
    """Give the ends and values of all edges and the description, as exports to arrays have them."""
    pyg = graphgen.export.to_pyg(graph)
    assert len(pyg.x) == graph.num_nodes
    yield pyg.edge_index.numpy(), pyg.edge_attr[:, 0].numpy(), pyg.description
    arrays = graphgen.export.to_graphs_tuple(graph)
    for table in (arrays.nodes, arrays.edges):
        assert np.isfinite(table["features"]).all()
    yield (arrays.senders, arrays.receivers), arrays.edges["value"], arrays.description
    sparse: Any = graphgen.export.to_scipy(graph)
    yield sparse.adjacency.coords, sparse.adjacency.data, sparse.description
    nodes, edges = graphgen.export.to_arrow(graph)
    assert nodes.num_rows == graph.num_nodes
    columns = [edges[name].to_numpy() for name in ("source", "target", "value")]
    yield columns[:2], columns[2], edges.schema.metadata[b"description"]


def of_text(graph: graphgen.Graph, folder: Path) -> Iterator[Export]:
    """Give the same, as exports to text and to objects have them."""
    dot = graphgen.export.to_dot(graph, max_edges=graph.num_edges)
    assert dot.count(" -> ") == graph.num_edges
    graphgen.export.to_graphml(graph, folder / "net.graphml")
    read = networkx.read_graphml(
        folder / "net.graphml", node_type=int, edge_key_type=int, force_multigraph=True
    )
    for found in (graphgen.export.to_networkx(graph), read):
        assert len(found.nodes) == graph.num_nodes
        rows = sorted(found.edges(keys=True, data="value"), key=lambda edge: edge[2])
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        yield [columns[0], columns[1]], columns[3], found.graph["description"]
