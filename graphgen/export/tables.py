"""Tables of nodes and edges: features, and integers that say what each row belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.export.values import plain_values
from graphgen.features import EDGE_NAMES, NODE_NAMES, features
from graphgen.graph import Graph
from graphgen.kinds import EDGE_KINDS, NODE_KINDS

Table = dict[str, NDArray[Any]]
Row = dict[str, Any]


def tables(graph: Graph) -> tuple[Table, Table]:
    """Give what is known of nodes, and of edges, but for the edges' values.

        nodes, edges = tables(graph)
        nodes["features"], edges["features"]        # float32 (N, F), (E, G)
        nodes["node_kind"], nodes["node_group"]     # int64 (N,)
        edges["edge_kind"], edges["edge_block"], edges["edge_parameter"]        # int64 (E,)

    Kinds are indices into the words of `graphgen.kinds`, groups and blocks into those of the
    structure; edges with one parameter (-1: none) are tied.
    """
    found = features(graph)
    nodes = {"features": found.nodes} | node_labels(graph)
    return nodes, {"features": found.edges} | edge_labels(graph)


def node_labels(graph: Graph) -> Table:
    """Give `node_kind` and `node_group`."""
    sizes = [group.size for group in graph.node_groups]
    kinds = [place(NODE_KINDS, group.kind) for group in graph.node_groups]
    return {
        "node_kind": np.repeat(np.array(kinds, dtype=np.int64), sizes),
        "node_group": np.repeat(np.arange(len(sizes), dtype=np.int64), sizes),
    }


def edge_labels(graph: Graph) -> Table:
    """Give `edge_kind`, `edge_block` and `edge_parameter`."""
    sizes = [block.num_edges for block in graph.blocks]
    kinds = [place(EDGE_KINDS, block.kind) for block in graph.blocks]
    return {
        "edge_kind": np.repeat(np.array(kinds, dtype=np.int64), sizes),
        "edge_block": np.repeat(np.arange(len(sizes), dtype=np.int64), sizes),
        "edge_parameter": graph.template.edge_parameters(),
    }


def place(words: Sequence[str], word: str) -> int:
    """Give the place of a word, -1 for one that is none of them."""
    return words.index(word) if word in words else -1


def scalar_tables(graph: Graph, zeros: bool = True) -> tuple[Table, Table]:
    """Give a column for each feature by its name, and for each edge's source, target and value.

    Without `zeros`, features that are 0 throughout are left out.
    """
    nodes, edges = tables(graph)
    sources, targets = graph.edge_index()
    ends = {"source": sources, "target": targets, "value": plain_values(graph)}
    return named(nodes, NODE_NAMES, zeros), ends | named(edges, EDGE_NAMES, zeros)


def named(table: Table, names: Sequence[str], zeros: bool) -> Table:
    """Give a table whose features are columns of their own, behind the others."""
    labels = {name: column for name, column in table.items() if name != "features"}
    columns = zip(names, table["features"].T, strict=True)
    return labels | {name: column for name, column in columns if zeros or column.any()}


def rows(table: Table) -> Iterator[Row]:
    """Give a table's rows in order, in the numbers of Python."""
    names = list(table)
    columns = (column.tolist() for column in table.values())
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
