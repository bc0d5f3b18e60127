"""Groups and blocks as stacks of boxes: matrices, strips and neurons side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2, prod

from graphgen.drawing.matrix import MatrixView, is_free, is_strip
from graphgen.drawing.scene.parts import BoxKind, Grid
from graphgen.template import EdgeBlock, NodeGroup, Template

STRIP, NEURONS, GAP = 5.0, 6.0, 2.0
MATRICES = 420.0
"""The width that all matrices of one group have together, at most."""
LISTED_ROWS = 4096


@dataclass(frozen=True)
class Part:
    """A box before it has a place."""

    kind: BoxKind
    width: float
    block: int | None = None
    folded: int | None = None


@dataclass(frozen=True)
class Link:
    """A block that leads from one stack to another: its wire."""

    block: int
    source: int
    target: int
    free: bool


@dataclass(frozen=True)
class Stack:
    """What belongs to one group of nodes: its matrices, then its strips, then its neurons."""

    group: int
    parts: tuple[Part, ...]
    size: int

    @cached_property
    def width(self) -> float:
        """The width of all boxes with the gaps between them."""
        return sum(part.width for part in self.parts) + GAP * (len(self.parts) - 1)

    @property
    def height(self) -> float:
        """The height of the boxes, by the logarithm of the number of neurons."""
        return 10 + 8 * log2(max(self.size, 1))

    @cached_property
    def matrices(self) -> int:
        """The number of matrices."""
        return sum(part.kind == "matrix" for part in self.parts)

    def offset(self, place: int) -> float:
        """Give the distance of a box from the left edge."""
        return sum(part.width + GAP for part in self.parts[:place])

    def place(self, link: Link) -> int:
        """Give the place of the box that a link leads to: its matrix, or the neurons."""
        if link.free:
            return len(self.parts) - 1
        return self._places[link.block]

    @cached_property
    def _places(self) -> dict[int | None, int]:
        return {part.block: place for place, part in enumerate(self.parts)}


def folded_groups(template: Template) -> frozenset[int]:
    """Name the groups of one node that only carry parameters: each use of them is a strip.

    A hub has one node too, but something leads into it; so do neurons and inputs.
    """
    into = {block.target_group for block in template.blocks}
    kinds = {"input", "neuron", "hub", "sum"}
    alone = {
        i
        for i, group in enumerate(template.node_groups)
        if group.size == 1 and i not in into and group.kind not in kinds and group.output < 0
    }
    used = {block.source_group for block in template.blocks}
    free = {block.source_group for block in template.blocks if is_free(block)}
    return frozenset((alone & used) - free)


def stacks_and_links(template: Template) -> tuple[dict[int, Stack], tuple[Link, ...]]:
    """Give the stack of each group that is not folded, and the links between them."""
    folded = folded_groups(template)
    groups = template.node_groups
    matrices: dict[int, list[Part]] = {i: [] for i in range(len(groups)) if i not in folded}
    strips: dict[int, list[Part]] = {i: [] for i in matrices}
    links = []
    for i, block in enumerate(template.blocks):
        source, target = block.source_group, block.target_group
        if is_strip(block, groups[source].size) and source in folded:
            strips[target].append(Part("strip", STRIP, i, source))
            continue
        if not is_free(block):
            inside = source if source in folded else None
            matrices[target].append(Part("matrix", matrix_width(block), i, inside))
        if source not in folded:
            links.append(Link(i, source, target, is_free(block)))
    result = {}
    for i in matrices:
        kind: BoxKind = "hub" if groups[i].kind == "hub" else "neurons"
        parts = (*narrowed(matrices[i]), *strips[i], Part(kind, NEURONS))
        result[i] = Stack(i, parts, groups[i].size)
    return result, tuple(links)


def matrix_width(block: EdgeBlock) -> float:
    """Give the width of a matrix, by the logarithm of the number of its columns."""
    view = MatrixView(block)
    return 10 + 9 * log2(max(view.columns * prod(view.taps), 1))


def narrowed(parts: list[Part]) -> list[Part]:
    """Make many matrices of one group narrower, so that they stay on the screen."""
    total = sum(part.width for part in parts)
    if total <= MATRICES:
        return parts
    scale = MATRICES / total
    return [Part(p.kind, max(p.width * scale, 3.0), p.block, p.folded) for p in parts]


def grid_of(block: EdgeBlock, groups: tuple[NodeGroup, ...]) -> Grid:
    """Give the affine maps of a block, from the starts of its groups."""
    view = MatrixView(block)

    def axes(places: tuple[int, ...]) -> tuple[tuple[int, int, int, int], ...]:
        return tuple(
            (i, block.shape[i], block.target_strides[i], block.source_strides[i]) for i in places
        )

    start = (
        block.target_start - groups[block.target_group].start,
        block.source_start - groups[block.source_group].start,
    )
    return Grid(start, axes(view.row_axes), axes(view.column_axes), axes(view.tap_axes))


def row_order(block: EdgeBlock, group: NodeGroup) -> tuple[int, ...] | None:
    """Say which node of the group each row shows; None where they follow one another."""
    view = MatrixView(block)
    if view.rows > LISTED_ROWS:
        return None
    order = tuple(int(node) for node in view.nodes() - group.start)
    return None if order == tuple(range(group.size)) else order
