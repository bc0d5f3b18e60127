"""What the edges of a block say of the nodes at their ends: sums of hashes, by matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.matching.labels import Hashes, bits
from graphgen.symmetry.ends import told_apart
from graphgen.symmetry.rows import mix, word
from graphgen.template import EdgeBlock


@dataclass(frozen=True)
class Incidence:
    """The ends of a block's edges, as a stack of matrices (shared, target, source).

    Axes along which both ends move are shared, those along which one moves are its own, and along
    the rest edges lie parallel. `sources` (shared, source) and `targets` (shared, target) are
    nodes, `names` (a shape that fits the block's) hashes what an edge is without its weight.
    """

    block: EdgeBlock
    order: tuple[int, ...]
    sizes: tuple[int, int, int, int]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    names: Hashes

    @staticmethod
    def of(block: EdgeBlock) -> Incidence:
        """Read a block of a template."""
        ends = list(zip(block.source_strides, block.target_strides, strict=True))
        classes = [
            [axis for axis, (s, t) in enumerate(ends) if (bool(s), bool(t)) == which]
            for which in ((True, True), (False, True), (True, False), (False, False))
        ]
        order = tuple(axis for axes in classes for axis in axes)
        shared, target, source, beside = (
            prod(block.shape[axis] for axis in axes) for axes in classes
        )
        sizes = shared, target, source, beside
        own = tuple(block.shape[axis] for axis in classes[0] + classes[1])
        strides = tuple(block.target_strides[axis] for axis in classes[0] + classes[1])
        targets = affine(own, block.target_start, strides).reshape(shared, target)
        own = tuple(block.shape[axis] for axis in classes[0] + classes[2])
        strides = tuple(block.source_strides[axis] for axis in classes[0] + classes[2])
        sources = affine(own, block.source_start, strides).reshape(shared, source)
        apart = told_apart(block)
        told = [axis in apart for axis in range(len(block.shape))]
        counts = tuple(size for size, own in zip(block.shape, told, strict=True) if own)
        kind = (block.kind, block.tensor is None, block.constant, block.step, block.attributes)
        shape = tuple(size if own else 1 for size, own in zip(block.shape, told, strict=True))
        places = np.arange(prod(shape)).reshape(shape)
        names = mix(places) ^ np.uint64(word((kind, counts)))
        if block.coefficients:
            names = names ^ mix(bits(block.values()))
        return Incidence(block, order, sizes, sources, targets, names)

    def hashes(self, labels: Hashes | None) -> Hashes:
        """Hash each edge by its name and its label, parallel ones added up: (shared, t, s)."""
        edges = mix(self.names if labels is None else self.names ^ labels)
        grid = np.broadcast_to(edges, self.block.shape).transpose(self.order)
        result: Hashes = grid.reshape(self.sizes).sum(axis=3, dtype=np.uint64)
        return result
