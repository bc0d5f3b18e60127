"""Which nodes of a template an output depends on."""

from __future__ import annotations

from itertools import accumulate
from operator import mul

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.evaluate.preparation import of_attributes
from graphgen.template import EdgeBlock, Template

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def live_nodes(template: Template) -> Bools:
    """Say of each node whether an output depends on it; what is normed together lives together."""
    alive = np.zeros(template.num_nodes, dtype=np.bool_)
    for group in template.node_groups:
        alive[group.start : group.start + group.size] = group.output >= 0
    joined = joined_axes(template)
    count = -1
    while count != (count := int(alive.sum())):
        for block in reversed(template.blocks):
            for nodes in live_ends(block, alive, joined.get(block.name)):
                alive[nodes] = True
            group = template.node_groups[block.target_group]
            if block.kind == "hub" and group.normed > 1:
                alive[block.targets()[alive[block.sources()]]] = True
        for group in template.node_groups:
            if group.normed == group.size > 1:
                part = alive[group.start : group.start + group.size]
                part |= part.any()
    return alive


def live_ends(block: EdgeBlock, alive: Bools, joined: tuple[int, ...] | None) -> list[Ints]:
    """List the sources of edges into nodes that are `alive`: made of nodes, not of edges.

    Where edges are `joined` along some axes, one into a live node makes both ends of all live.
    """
    into = tuple(
        n if step else 1 for n, step in zip(block.shape, block.target_strides, strict=True)
    )
    reached: Bools = alive[affine(into, block.target_start, block.target_strides)]
    ends = [(block.source_start, block.source_strides)]
    if joined:
        reached = np.any(reached, axis=joined, keepdims=True)
        ends.append((block.target_start, block.target_strides))
    return [reached_nodes(block.shape, reached, *end) for end in ends]


def reached_nodes(
    shape: tuple[int, ...], reached: Bools, start: int, strides: tuple[int, ...]
) -> Ints:
    """List the nodes at one end of the edges that are `reached`."""
    out = tuple(n if step else 1 for n, step in zip(shape, strides, strict=True))
    apart = tuple(axis for axis, step in enumerate(strides) if not step)
    nodes = affine(out, start, strides)
    found: Ints = nodes[np.broadcast_to(np.any(reached, axis=apart, keepdims=True), out)]
    return found


def joined_axes(template: Template) -> dict[str, tuple[int, ...]]:
    """Give the axes of blocks along which scalars of a prepared weight depend on one another."""
    shapes = {tensor.name: tensor.shape for tensor in template.tensors}
    found = {}
    for block in template.blocks:
        how = of_attributes(block.attributes)
        if how is None or block.tensor is None:
            continue
        bounds = list(accumulate(reversed(shapes[block.tensor]), mul, initial=1))[::-1]
        kept = [
            (bounds[axis + 1], outer)
            for axis, outer in enumerate(bounds[:-1])
            if axis not in how.axes
        ]
        steps = block.tensor_strides
        if steps is None:
            steps = tuple(accumulate(reversed(block.shape[1:]), mul, initial=1))[::-1]
        found[block.name] = tuple(
            axis
            for axis, step in enumerate(steps)
            if not any(inner <= step < outer for inner, outer in kept)
        )
    return found
