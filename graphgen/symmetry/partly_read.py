"""Tensors of which some uses read a part: whether what is left to the others could move alone."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.liveness import live_nodes
from graphgen.symmetry.rows import Union
from graphgen.symmetry.ties import WHICH, Shape, TensorDigits, Uses, digits_of, moves
from graphgen.template import Template

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def moved_as_one(template: Template, uses: Uses) -> bool:
    """Whether nodes at the ends of uses could move otherwise if each had but what it reads.

    Where some targets are dead, uses share no more than the scalars that lead to others. A metanet
    sees all of the tensor at each use, for which nodes move as if that were read.
    """
    shapes = {tensor.name: tensor.shape for tensor in template.tensors}
    read = PartlyRead(template, *digits_of(uses, shapes))
    return read.apart() or read.freed()


class PartlyRead:
    """The scalars of a tensor, by the digits of their index, and the uses on which outputs depend.

    Of items of a digit that no use tells apart by what it reads, two stand for all.
    """

    def __init__(self, template: Template, uses: Uses, digits: TensorDigits) -> None:
        self.digits = digits
        alive = live_nodes(template)
        nodes: list[Ints] = []
        for use in uses:
            for which in WHICH:
                steps = moves(use, which)
                into = tuple(n if s else 1 for n, s in zip(use.shape, steps, strict=True))
                found = affine(into, getattr(use, f"{which}_start"), steps)
                nodes.append(self._by_digits(found, use.shape))
        alike = self._alike([alive[found] for found in nodes])
        kept = [sorted(item for own in rows for item in own[:2]) for rows in alike]
        self.nodes = [
            found[np.ix_(*(k if n > 1 else [0] for n, k in zip(found.shape, kept, strict=True)))]
            for found in nodes
        ]
        self.alive = [alive[found] for found in self.nodes]
        self.shape = tuple(map(len, kept))

    def _by_digits(self, nodes: Ints, shape: Shape) -> Ints:
        """Give an axis to each digit, from the outermost on, of one item if nodes are all alike."""
        axes = [(n, have) for n, have in zip(shape, nodes.shape, strict=True) if n > 1]
        full, result, left = [], [], list(reversed(self.digits.sizes))
        at, within = left.pop(0) if left else 1, []
        for n, have in axes:
            within.append((n, have))
            if prod(own for own, _ in within) == at:
                wide = any(count > 1 for _, count in within)
                full += [own if wide else 1 for own, _ in within]
                result.append(at if wide else 1)
                at, within = left.pop(0) if left else 1, []
        spread = nodes.reshape([have for _, have in axes])
        return np.broadcast_to(spread, full).reshape(result)

    def _alike(self, masks: list[Bools]) -> list[list[list[int]]]:
        """List the items of each digit, those together that all masks have alike."""
        result = []
        for axis, size in enumerate(reversed(self.digits.sizes)):
            moving = [mask for mask in masks if mask.shape[axis] > 1]
            rows = [np.moveaxis(mask, axis, 0).reshape(size, -1) for mask in moving]
            alike: dict[bytes, list[int]] = {}
            for item in range(size):
                alike.setdefault(b"".join(row[item].tobytes() for row in rows), []).append(item)
            result.append(list(alike.values()))
        return result

    def apart(self) -> bool:
        """Whether some uses have no scalar in common that an output depends on."""
        union = Union()
        read = self.alive[1::2]
        for one, other in combinations(range(len(read)), 2):
            if (read[one] & read[other]).any():
                union.join(one, other)
        return len({union.find(place) for place in range(len(read))}) > 1

    def freed(self) -> bool:
        """Whether nodes that move as one, if each use reads all of the tensor, need not."""
        return any(map(self._freed, self.digits.different()))

    def _freed(self, place: int) -> bool:
        """Whether nodes at one item of a digit do not hang together by what is read.

        It makes no difference where none of those that do is like others elsewhere: it has nowhere
        to go.
        """
        item = np.zeros(self.shape, np.int64)
        for k in self.digits.told_by(place):
            axis = len(self.shape) - 1 - k
            item = item * self.shape[axis] + np.indices(self.shape)[axis]
        mark = 1 + max(int(nodes.max()) for nodes in self.nodes)
        read_by = np.zeros(self.shape, np.int64)
        for use, read in enumerate(self.alive[1::2]):
            read_by += read.astype(np.int64) << use
        beside: dict[int, list[int]] = {}
        said: dict[int, set[int]] = {}

        def enter(end: int, nodes: Ints, alive: Bools, read: Bools) -> None:
            listed = (item * (mark + 1) + nodes).reshape(-1)
            alive, read = (np.broadcast_to(x, self.shape).reshape(-1) for x in (alive, read))
            for own in set(listed[alive].tolist()):
                said.setdefault(own, set()).add(-1 - end if end >= 0 else -mark - own)
            for scalar in np.flatnonzero(read).tolist():
                own = int(listed[scalar])
                beside.setdefault(scalar, []).append(own)
                said[own].add(int(read_by.flat[scalar]))

        for end, (nodes, alive) in enumerate(zip(self.nodes, self.alive, strict=True)):
            read = self.alive[end | 1]
            if self.digits.told_at(end, place):
                enter(end, nodes, alive, read)
            if self.digits.named_at(end, place):
                enter(-1, np.array(mark), np.array(True), read)
        union = Union()
        for found in beside.values():
            union.join(*found)
        together: dict[int, set[int]] = {}
        for own, what in said.items():
            together.setdefault(union.find(own), set()).update(what)
        at: dict[frozenset[int], set[int]] = {}
        parts = Counter(own // (mark + 1) for own in together)
        for own, what in together.items():
            at.setdefault(frozenset(what), set()).add(own // (mark + 1))
        return any(parts[own] > 1 for items in at.values() if len(items) > 1 for own in items)
