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
    whole = {number for number, group in enumerate(template.node_groups) if group.output >= 0}
    count = -1
    while count != (count := int(alive.sum())):
        for block in reversed(template.blocks):
            if block.target_group in whole:
                if block.source_group not in whole:
                    alive[ends_of(block.shape, block.source_start, block.source_strides)] = True
            else:
                for nodes in live_ends(block, alive, joined.get(block.name)):
                    alive[nodes] = True
                if block.kind == "hub" and template.node_groups[block.target_group].normed > 1:
                    alive[block.targets()[alive[block.sources()]]] = True
            note_whole(template, alive, whole, block.source_group)
        for number, group in enumerate(template.node_groups):
            if group.normed == group.size > 1:
                part = alive[group.start : group.start + group.size]
                part |= part.any()
            note_whole(template, alive, whole, number)
    return alive


def note_whole(template: Template, alive: Bools, whole: set[int], number: int) -> None:
    """Add a group to those of which all nodes are alive, if they are."""
    group = template.node_groups[number]
    if number not in whole and alive[group.start : group.start + group.size].all():
        whole.add(number)


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
    apart = tuple(axis for axis, step in enumerate(strides) if not step)
    nodes = ends_of(shape, start, strides)
    found: Ints = nodes[np.broadcast_to(np.any(reached, axis=apart, keepdims=True), nodes.shape)]
    return found


def ends_of(shape: tuple[int, ...], start: int, strides: tuple[int, ...]) -> Ints:
    """Give the nodes at one end of a block's edges, each once."""
    return affine(
        tuple(n if step else 1 for n, step in zip(shape, strides, strict=True)), start, strides
    )


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
