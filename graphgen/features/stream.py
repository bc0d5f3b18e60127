"""Features of edges in runs, of graphs whose edges do not fit into memory at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, described, whole
from graphgen.features.edges import (
    BLOCK_NAMES,
    COORDINATE_NAMES,
    block_columns,
    coordinate_columns,
)
from graphgen.graph import Graph
from graphgen.template import EdgeBlock, Template


def stream_features(
    graph: Graph | Template, edges: int = 1 << 16
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Give the columns of `features(graph).edges` in runs of at most so many edges.

        for run, columns in graphgen.stream_features(graph):
            writer.write(columns)               # those of the edges run.start to run.stop - 1

    Runs follow one another in the order of edges, and none goes from one block into the next.
    """
    template = graph.template if isinstance(graph, Graph) else graph
    if not isinstance(template, Template):
        raise GraphError(
            f"`graph` is {described(graph)}; expected a graph or a template: "
            "graphgen.compile(net, weights) makes one, or graphgen.template(net)"
        )
    return _runs(template, whole(edges, "edges", 1))


def _runs(template: Template, most: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    for block, row in zip(template.blocks, block_columns(template), strict=True):
        grid = coordinate_columns(block)
        for first in range(0, block.num_edges, most):
            last = min(first + most, block.num_edges)
            columns = np.empty((last - first, len(BLOCK_NAMES) + len(COORDINATE_NAMES)), np.float32)
            columns[:, : len(row)] = row
            columns[:, len(row) :] = coordinates_of(block, grid, first, last)
            yield slice(block.edge_start + first, block.edge_start + last), columns


def coordinates_of(
    block: EdgeBlock, grid: NDArray[np.float32], first: int, last: int
) -> NDArray[np.float32]:
    """Give the coordinates of some edges of a block, from those along its axes."""
    sizes = grid.shape[:-1]
    if all(n == 1 for n in sizes):
        return grid.reshape(1, -1)
    places = np.unravel_index(np.arange(first, last), block.shape)
    index = tuple(
        np.zeros_like(place) if n == 1 else place for n, place in zip(sizes, places, strict=True)
    )
    return grid[index]
