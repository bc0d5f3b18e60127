"""The invariants of a graph, checked."""

from __future__ import annotations

from collections import Counter
from math import prod

import numpy as np

from graphgen.errors import GraphError, instance
from graphgen.graph import Graph
from graphgen.template import EdgeBlock, Template


def verify(graph: Graph) -> None:
    """Check every invariant of a graph; `GraphError` names the first that fails, and where.

    1. Node groups are contiguous and disjoint, and cover all nodes.
    2. Blocks are contiguous, disjoint runs of edges, and cover all edges.
    3. A block's edges begin and end inside the node groups that it names.
    4. On its axes of non-zero stride, a block's source map and its target map are injective.
    5. Every scalar parameter owns exactly one edge; further uses are marked as tied.
       (In a computation graph a scalar owns as many edges as it is used.)
    6. A block's weight is a view, in the block's shape, of the tensor that it names.
    """
    instance(graph, Graph, "graph", "graphgen.compile(net, weights) makes one")
    verify_template(graph.template)
    for block in graph.blocks:
        if block.tensor is None:
            continue
        tensor = graph.tensors[block.tensor]
        if block.weight is None or block.weight.shape != block.shape:
            raise GraphError(f"{block.name}: the weight does not have the shape {block.shape}")
        if block.weight.size and not np.shares_memory(block.weight, tensor):
            raise GraphError(f"{block.name}: the weight is a copy of {block.tensor!r}, not a view")


def verify_template(template: Template) -> None:
    """Check the invariants that concern the structure alone (1 to 5)."""
    node = 0
    for group in template.node_groups:
        if group.start != node or group.size < 1:
            raise GraphError(f"node group {group.name}: starts at {group.start}, expected {node}")
        node += group.size
    edge = 0
    owners: Counter[str] = Counter()
    for block in template.blocks:
        if block.edge_start != edge:
            raise GraphError(f"{block.name}: edges start at {block.edge_start}, expected {edge}")
        edge += block.num_edges
        verify_end(template, block, "source")
        verify_end(template, block, "target")
        if block.tensor is not None and not block.tied:
            owners[block.tensor] += block.num_edges
    if template.kind != "parameter":
        return
    for tensor in template.tensors:
        if tensor.trainable and owners[tensor.name] != prod(tensor.shape):
            raise GraphError(
                f"{tensor.name}: its {prod(tensor.shape)} scalars own {owners[tensor.name]} edges"
            )


def verify_end(template: Template, block: EdgeBlock, end: str) -> None:
    """Check one end of a block: inside its group (3) and injective (4)."""
    start: int = getattr(block, f"{end}_start")
    strides: tuple[int, ...] = getattr(block, f"{end}_strides")
    group = template.node_groups[getattr(block, f"{end}_group")]
    moves = [(stride, size) for stride, size in zip(strides, block.shape, strict=True) if stride]
    low = start + sum(min(0, stride * (size - 1)) for stride, size in moves)
    high = start + sum(max(0, stride * (size - 1)) for stride, size in moves)
    if not group.start <= low <= high < group.start + group.size:
        raise GraphError(
            f"{block.name}: its {end} nodes {low} to {high} leave the group {group.name}, "
            f"{group.start} to {group.start + group.size - 1}"
        )
    reach = 0
    for stride, size in sorted((abs(stride), size) for stride, size in moves if size > 1):
        if stride <= reach:
            raise GraphError(f"{block.name}: two coordinates have one {end} node")
        reach += stride * (size - 1)
