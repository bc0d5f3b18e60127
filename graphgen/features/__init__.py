"""Features: what tells functions apart, as columns of numbers for nodes and edges.

What all nodes of a group share is in `nodes.py`, what all edges of a block share in `edges.py`,
each beside what differs inside: places of inputs and outputs, coordinates of taps and positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, described
from graphgen.features.edges import (
    BLOCK_NAMES,
    COORDINATE_NAMES,
    block_columns,
    coordinate_columns,
)
from graphgen.features.nodes import GROUP_NAMES, PLACE_NAMES, group_columns, place_columns
from graphgen.graph import Graph
from graphgen.template import Template

NODE_NAMES = (*GROUP_NAMES, *PLACE_NAMES)
EDGE_NAMES = (*BLOCK_NAMES, *COORDINATE_NAMES)


@dataclass(frozen=True)
class Features:
    """Columns of numbers for all nodes, float32 (N, F), and all edges, float32 (E, G).

    `node_names` and `edge_names` are the names of the columns, the same for every graph.
    """

    nodes: NDArray[np.float32]
    edges: NDArray[np.float32]
    node_names: tuple[str, ...] = NODE_NAMES
    edge_names: tuple[str, ...] = EDGE_NAMES

    def __repr__(self) -> str:
        (nodes, columns), (edges, others) = self.nodes.shape, self.edges.shape
        return f"<Features: {nodes:,} nodes x {columns}, {edges:,} edges x {others}>"


def features(graph: Graph | Template) -> Features:
    """Say in numbers what a graph's structure says of its nodes and edges; weights are no part.

        found = graphgen.features(graph)        # or a template
        found.nodes[:, found.node_names.index("step_relu")]
        found.edges[:, found.edge_names.index("stride")]

    Structures that differ in more than names have other columns, which `docs/reference/exports.md`
    lists. The metanets read the same columns, group by group and block by block.
    """
    template = graph.template if isinstance(graph, Graph) else graph
    if not isinstance(template, Template):
        raise GraphError(
            f"`graph` is {described(graph)}; expected a graph or a template: "
            "graphgen.compile(net, weights) makes one, or graphgen.template(net)"
        )
    nodes = np.zeros((template.num_nodes, len(NODE_NAMES)), dtype=np.float32)
    for group, row in zip(template.node_groups, group_columns(template), strict=True):
        part = nodes[group.start : group.start + group.size]
        part[:, : len(row)] = row
        part[:, len(row) :] = place_columns(group)
    edges = np.zeros((template.num_edges, len(EDGE_NAMES)), dtype=np.float32)
    for block, row in zip(template.blocks, block_columns(template), strict=True):
        part = edges[block.edge_start : block.edge_start + block.num_edges]
        part[:, : len(row)] = row
        part.reshape(*block.shape, -1)[..., len(row) :] = coordinate_columns(block)
    return Features(nodes, edges)
