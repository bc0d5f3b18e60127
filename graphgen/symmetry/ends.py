"""The ends of blocks: which coordinates a node has there, and which blocks are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.symmetry.block_cuts import TOLD
from graphgen.symmetry.quotient import said
from graphgen.template import EdgeBlock, Template

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
WHICH = ("source", "target")


class Ends:
    """The blocks of a template, by what they say and by the groups that they join."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.dead = np.zeros(template.num_nodes, dtype=np.bool_)
        self.dead[template.dead_nodes()] = True
        self._starts = np.array([group.start for group in template.node_groups])
        self._alike: dict[object, list[EdgeBlock]] = {}
        self._rank: dict[int, int] = {}
        seen: dict[object, int] = {}
        for block in template.blocks:
            # Parallel blocks are told apart by their order.
            ends = *end_of(block, "source"), *end_of(block, "target"), block.shape
            self._rank[block.edge_start] = rank = seen.get((said(block), ends), 0)
            seen[said(block), ends] = rank + 1
            self._alike.setdefault(self._name(block), []).append(block)

    def _name(self, block: EdgeBlock, *groups: int) -> object:
        source, target = groups or (block.source_group, block.target_group)
        return said(block), self._rank[block.edge_start], source, target

    def images(self, block: EdgeBlock, nodes: Ints) -> list[EdgeBlock]:
        """List the blocks that a permutation of nodes may take edges of a block to."""
        groups = []
        for which in WHICH:
            moved = nodes[nodes_of(block, which)]
            found = np.searchsorted(self._starts, moved, side="right") - 1
            groups.append(np.unique(found).tolist())
        return [
            image
            for source in groups[0]
            for target in groups[1]
            for image in self._alike.get(self._name(block, source, target), [])
        ]

    def alive(self, block: EdgeBlock) -> Bools:
        """Say of a block's edges whether an output depends on them, in a shape that fits."""
        result: Bools = ~self.dead[nodes_of(block, "target")]
        return result

    def coordinates(
        self, block: EdgeBlock, which: str, nodes: Ints
    ) -> tuple[Bools, dict[int, Ints]]:
        """Say of nodes whether they are at an end, and give their coordinates along its axes."""
        _, start, strides = end_of(block, which)
        axes = axes_of(block, which)
        backwards = {axis: block.shape[axis] - 1 for axis in axes if strides[axis] < 0}
        rest = nodes - start - sum(strides[axis] * last for axis, last in backwards.items())
        found: dict[int, Ints] = {}
        inside: Bools = rest >= 0
        for axis in axes:
            stride = abs(strides[axis])
            place = np.clip(rest // stride, 0, block.shape[axis] - 1)
            rest = rest - place * stride
            found[axis] = backwards[axis] - place if axis in backwards else place
        return inside & (rest == 0), found


def end_of(block: EdgeBlock, which: str) -> tuple[int, int, tuple[int, ...]]:
    """Give the group, the first node and the strides of one end of a block."""
    if which == "source":
        return block.source_group, block.source_start, block.source_strides
    return block.target_group, block.target_start, block.target_strides


def axes_of(block: EdgeBlock, which: str) -> list[int]:
    """List the axes along which an end moves, the longest stride first."""
    strides = end_of(block, which)[2]
    moving = [k for k, stride in enumerate(strides) if stride and block.shape[k] > 1]
    return sorted(moving, key=lambda k: -abs(strides[k]))


def nodes_of(block: EdgeBlock, which: str) -> Ints:
    """Give the nodes of one end, in the block's shape with 1 for axes that do not move it."""
    _, start, strides = end_of(block, which)
    sizes = tuple(n if stride else 1 for n, stride in zip(block.shape, strides, strict=True))
    return affine(sizes, start, strides)


def told_apart(block: EdgeBlock) -> list[int]:
    """List the axes whose coordinate tells edges apart."""
    return [axis for axis, role in enumerate(block.axes) if role in TOLD]
