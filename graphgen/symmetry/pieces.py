"""Pieces: blocks of edges, cut where they come from one segment of an axis to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.symmetry.segments import SegmentedAxis, end_of
from graphgen.template import EdgeBlock, Template

Signature = tuple[object, ...]
Place = tuple[int, int]
"""A segment: its node group, and its place among the group's segments."""


@dataclass(frozen=True)
class Piece:
    """The edges of a block whose coordinates begin at `starts` and span `shape`.

    `source` and `target` are the segments where it begins and ends. Two pieces with one `signature`
    say the same, apart from where they are.
    """

    block: EdgeBlock
    starts: tuple[int, ...]
    shape: tuple[int, ...]
    source: Place
    target: Place
    signature: Signature

    def first(self, which: str) -> int:
        """Give the node at one end of the first edge."""
        start: int = getattr(self.block, f"{which}_start")
        strides: tuple[int, ...] = getattr(self.block, f"{which}_strides")
        return start + sum(s * at for s, at in zip(strides, self.starts, strict=True))

    def nodes(self, which: str) -> NDArray[np.int64]:
        """Give the nodes at one end, with 1 along the axes on which they do not depend."""
        strides: tuple[int, ...] = getattr(self.block, f"{which}_strides")
        moved = zip(self.shape, strides, strict=True)
        shape = tuple(size if stride else 1 for size, stride in moved)
        return affine(shape, self.first(which), strides)


class Pieces:
    """All pieces of a template."""

    def __init__(self, template: Template, axes: Sequence[SegmentedAxis]) -> None:
        self.template, self.axes = template, axes
        self.all = [piece for block in template.blocks for piece in self._cut(block)]
        self._of: dict[int, list[Piece]] = {block.edge_start: [] for block in template.blocks}
        self._between: dict[tuple[Place, Place, Signature], list[Piece]] = {}
        for piece in self.all:
            self._of[piece.block.edge_start].append(piece)
            key = piece.source, piece.target, piece.signature
            self._between.setdefault(key, []).append(piece)
        self._starts = np.array([group.start for group in template.node_groups])

    def of(self, block: EdgeBlock) -> list[Piece]:
        """List the pieces of a block."""
        return self._of[block.edge_start]

    def alike(self, piece: Piece, source: int, target: int) -> Piece | None:
        """Find the piece that is like another between two other nodes, or None."""
        key = self.segment_of(source), self.segment_of(target), piece.signature
        found = self._between.get(key, [])
        own = self._between[piece.source, piece.target, piece.signature]
        return found[own.index(piece)] if len(found) == len(own) else None

    def segment_of(self, node: int) -> Place:
        """Find the segment in which a node lies."""
        group = int(np.searchsorted(self._starts, node, side="right")) - 1
        return group, self._place(group, node - int(self._starts[group]))

    def _place(self, group: int, offset: int) -> int:
        return int(np.searchsorted(self.axes[group].starts, offset, side="right")) - 1

    def _cut(self, block: EdgeBlock) -> list[Piece]:
        """Cut a block along its outermost axis at either end, where that crosses segments."""
        bounds = [[0, size] for size in block.shape]
        for which in ("source", "target"):
            group, start, strides = end_of(self.template, block, which)
            if not any(strides):
                continue
            outer = max(range(len(strides)), key=lambda axis: strides[axis])
            for bound in self.axes[group].starts[1:]:
                steps, rest = divmod(bound - start, strides[outer])
                if not rest and 0 < steps < block.shape[outer]:
                    bounds[outer].append(steps)
        ranges = [list(pairwise(sorted(set(cuts)))) for cuts in bounds]
        return [self._piece(block, chosen) for chosen in product(*ranges)]

    def _piece(self, block: EdgeBlock, chosen: Sequence[tuple[int, int]]) -> Piece:
        starts = tuple(first for first, _ in chosen)
        shape = tuple(last - first for first, last in chosen)
        places: list[Place] = []
        offsets = []
        for which in ("source", "target"):
            group, start, strides = end_of(self.template, block, which)
            offset = start + sum(s * at for s, at in zip(strides, starts, strict=True))
            place = self._place(group, offset)
            places.append((group, place))
            offsets.append(offset - self.axes[group].starts[place])
        told_apart = tuple(
            (start, size)
            for start, size, role in zip(starts, block.shape, block.axes, strict=True)
            if role in ("tap", "position", "place")
        )
        signature = (
            block.kind, shape, block.axes, block.source_strides, block.target_strides,
            block.constant, block.step, block.attributes, block.tensor is not None, told_apart,
            *offsets,
        )  # fmt: skip
        return Piece(block, starts, shape, places[0], places[1], signature)
