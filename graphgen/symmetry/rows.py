"""Bicliques between coloured vertices: colours refined over them, and what is left between classes.

A row joins each of its sources to each of its targets by edges of one label. A vertex may stand for
many: each comes with how many it stands for there, modulo 2^64.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


class Row(NamedTuple):
    """A biclique: its label, and the weights of its sources and targets."""

    label: int
    sources: dict[int, int]
    targets: dict[int, int]


def mix(x: NDArray[np.int64] | Words) -> Words:
    """Hash 64-bit numbers (splitmix64)."""
    with np.errstate(over="ignore"):
        y = x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        y = (y ^ (y >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        y = (y ^ (y >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return y ^ (y >> np.uint64(31))


def word(value: object) -> int:
    """Hash a plain value by its repr, to 64 bits."""
    return int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=8).digest(), "little")


def numbered(values: Words | Ints) -> Ints:
    """Number the distinct values: equal values, equal numbers."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


class Side:
    """All incidences at one side of rows, as arrays."""

    def __init__(self, ends: list[dict[int, int]]) -> None:
        sizes = [len(end) for end in ends]
        count = sum(sizes)
        self.node = np.fromiter(chain.from_iterable(ends), np.int64, count)
        self.weight = np.fromiter(
            chain.from_iterable(end.values() for end in ends), np.uint64, count
        )
        self.row = np.repeat(np.arange(len(ends)), sizes)
        self.rows = len(ends)

    def gathered(self, values: Words) -> Words:
        """Add the values of nodes up in each row."""
        result = np.zeros(self.rows, dtype=np.uint64)
        np.add.at(result, self.row, values[self.node] * self.weight)
        return result

    def spread(self, values: Words, nodes: int) -> Words:
        """Add the values of rows up at each node."""
        result = np.zeros(nodes, dtype=np.uint64)
        np.add.at(result, self.node, values[self.row])
        return result


def refine(colour: Words, part: Ints, rows: list[Row]) -> tuple[Words, Ints]:
    """Refine colours until equal ones have equally coloured neighbours; give them, and classes.

    A class is a colour in a part.
    """
    label = np.array([row.label for row in rows], dtype=np.uint64)
    forth, back = mix(label) | np.uint64(1), mix(~label) | np.uint64(1)
    sources, targets = Side([row.sources for row in rows]), Side([row.targets for row in rows])
    apart = mix(part)
    n, classes = len(colour), -1
    while True:
        ids = numbered(colour ^ apart)
        if classes == (classes := int(ids.max(initial=-1)) + 1):
            return colour, ids
        own = mix(colour)
        incoming = targets.spread(sources.gathered(own) * forth, n)
        outgoing = sources.spread(targets.gathered(own) * back, n)
        colour = mix(colour ^ mix(incoming ^ mix(outgoing ^ np.uint64(17))))


class Union:
    """Things that become one, by pairs."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def find(self, x: int) -> int:
        """Give what stands for all that is one with x."""
        top = x
        while (above := self._above.get(top, top)) != top:
            top = above
        while x != top:
            self._above[x], x = top, self._above[x]
        return top

    def join(self, *things: int) -> bool:
        """Make things one; say whether any two were not."""
        tops = {self.find(x) for x in things}
        first = min(tops)
        self._above.update((top, first) for top in tops)
        return len(tops) > 1


def split(ids: list[int], rows: list[Row]) -> tuple[list[Row], Ints]:
    """Leave complete pairs of classes out; give rows from one class to one, and the components.

    The classes must be refined: every node of one has as many edges to any other. Nodes that are
    alone in their class say nothing of others.
    """
    size = Counter(ids)
    pairs: dict[tuple[int, int, int], list[Row]] = {}
    for row in rows:
        targets = by_class(row.targets, ids, size)
        for a, source in by_class(row.sources, ids, size).items():
            for b, target in targets.items():
                own = Row(row.label, source, target)
                pairs.setdefault((a, b, row.label), []).append(own)
    left = [
        row
        for (a, b, _), found in pairs.items()
        if not complete(found, size[a], size[b])
        for row in found
    ]
    union = Union()
    for row in left:
        union.join(*row.sources, *row.targets)
    return left, numbered(np.array([union.find(v) for v in range(len(ids))], dtype=np.int64))


def by_class(end: dict[int, int], ids: list[int], size: Counter[int]) -> dict[int, dict[int, int]]:
    """Sort the nodes at one end of a row by their classes, without those that are alone."""
    result: dict[int, dict[int, int]] = {}
    for v, weight in end.items():
        if size[ids[v]] > 1:
            result.setdefault(ids[v], {})[v] = weight
    return result


def complete(rows: list[Row], sources: int, targets: int) -> bool:
    """Whether rows join so many sources to so many targets, all alike.

    As many edges as a complete pair has may be two matchings: the sums of the hashes of sources say
    whether each target has all of them.
    """
    edges = sum(len(row.sources) * len(row.targets) for row in rows)
    if edges % (sources * targets):
        return False
    reached: Counter[int] = Counter()
    for row in rows:
        total = sum(hash((v, 1)) for v in row.sources)
        for v in row.targets:
            reached[v] += total
    whole = sum(hash((v, 1)) for v in {v for row in rows for v in row.sources})
    times = edges // (sources * targets)
    return len(reached) == targets and set(reached.values()) == {times * whole}


class Piece(NamedTuple):
    """Rows that hang together, and whether they make up a biclique."""

    rows: list[Row]
    sources: set[int]
    targets: set[int]
    whole: bool

    def is_single(self) -> bool:
        """Whether it is one node beside one."""
        return len(self.sources) == len(self.targets) == 1


@dataclass(frozen=True)
class Relation:
    """The edges of one label from class `source` to class `target`, by connected pieces."""

    source: int
    target: int
    label: int
    pieces: list[Piece]

    @property
    def fine(self) -> bool:
        """Whether each piece is a biclique."""
        return all(piece.whole for piece in self.pieces)

    @property
    def is_matching(self) -> bool:
        """Whether each node of one class is beside one of another."""
        apart = self.source != self.target
        return apart and self.fine and all(piece.is_single() for piece in self.pieces)


def relations(ids: list[int], rows: Iterable[Row]) -> list[Relation]:
    """Find what is left between classes of rows from one class to one."""
    found: dict[tuple[int, int, int], list[Row]] = {}
    for row in rows:
        ends = ids[next(iter(row.sources))], ids[next(iter(row.targets))]
        found.setdefault((*ends, row.label), []).append(row)
    result = []
    for (a, b, label), own in found.items():
        union = Union()
        for row in own:  # a source and a target may be one node
            union.join(*row.sources, *(~v for v in row.targets))
        pieces: dict[int, list[Row]] = {}
        for row in own:
            pieces.setdefault(union.find(next(iter(row.sources))), []).append(row)
        result.append(Relation(a, b, label, [piece_of(part) for part in pieces.values()]))
    return result


def piece_of(rows: list[Row]) -> Piece:
    """Give rows that hang together as a piece."""
    sources = {v for row in rows for v in row.sources}
    targets = {v for row in rows for v in row.targets}
    return Piece(rows, sources, targets, complete(rows, len(sources), len(targets)))
