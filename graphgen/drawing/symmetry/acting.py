"""Which permutation acts where: runs, named as the printed table of a group names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.group import Symmetries
from graphgen.symmetry.runs import Run
from graphgen.template import EdgeBlock, Template

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """A run of alike items, and the nodes that go with each; `depth` runs lie around it."""

    run: Run
    depth: int
    nodes: Ints

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints]:
        flat = self.nodes.reshape(-1)
        places = np.repeat(np.arange(self.nodes.shape[0] * self.run.items), self.nodes.shape[2])
        order = np.argsort(flat, kind="stable")
        return flat[order], places[order]

    def places(self, nodes: Ints) -> Ints:
        """Give the copy times `run.items` plus the item that each node goes with, or else -1."""
        known, places = self._sorted
        if not known.size:
            return np.full(nodes.shape, -1)
        at = np.minimum(np.searchsorted(known, nodes), known.size - 1)
        return np.where(known[at] == nodes, places[at], -1)

    def items(self, nodes: Ints) -> Ints:
        """Give the item that each node goes with, -1 for those outside."""
        places = self.places(nodes)
        return np.where(places < 0, -1, places % self.run.items)


class Acting:
    """The parts of a group by the node groups that they permute, named as the table does."""

    def __init__(self, group: Symmetries) -> None:
        self.group = group
        self.template: Template = group.template
        self.parts = [Part(run, depth, nodes_of(run)) for run, depth in nested(group.runs, 0)]
        self.starts = np.array([each.start for each in self.template.node_groups])
        self.groups = [self._groups(part.nodes.reshape(-1)) for part in self.parts]
        self._at: dict[int, list[Part]] = {}
        for part, groups in zip(self.parts, self.groups, strict=True):
            for index in groups:
                self._at.setdefault(index, []).append(part)
        self.names: dict[Part, str] = {}
        for block in self.template.blocks:
            if block.tensor is not None and not block.tied:
                for axis in range(len(block.shape)):
                    self._words(block, axis)
        for part in self.parts:
            self.name(part)

    def name(self, part: Part) -> str:
        """Name a part, in the order in which it is asked for."""
        return self.names.setdefault(part, f"P{len(self.names)}")

    def axis(self, block: EdgeBlock, axis: int) -> str | None:
        """Say what permutes the nodes along an axis of a block: `P1 x P2` is P2 inside of P1."""
        words = [" x ".join(map(self.name, found)) or "." for found in self._words(block, axis)]
        return None if set(words) <= {"."} else " + ".join(words)

    def acts(self, part: Part, block: EdgeBlock, axis: int) -> bool:
        """Say whether a part permutes the nodes along an axis of a block."""
        index, nodes = along(block, axis)
        return part in self._at.get(index, ()) and several(part.items(nodes))

    def _words(self, block: EdgeBlock, axis: int) -> list[tuple[Part, ...]]:
        """List the parts that act along an axis, stretch by stretch."""
        index, nodes = along(block, axis)
        acting = []
        for part in self._at.get(index, ()):
            items = part.items(nodes)
            if several(items):
                acting.append((part, items >= 0, first_change(items)))
        # What changes slowly is outside of what changes fast.
        acting.sort(key=lambda found: -found[2])
        if not acting:
            return [()]
        inside = np.stack([mask for _, mask, _ in acting], axis=1)
        stretches = [key for key, _ in groupby(map(tuple, inside.tolist()))]
        found = [
            tuple(part for (part, *_), own in zip(acting, key, strict=True) if own)
            for key in stretches
        ]
        for part in (part for own in found for part in own):
            self.name(part)
        return found

    def borders(self, nodes: Ints) -> Ints:
        """Say before which of some nodes in a row a copy ends, or an item of several nodes."""
        found = np.zeros(len(nodes), dtype=np.bool_)
        for part in self._acting_on(nodes):
            places = part.places(nodes)
            copies = np.where(places < 0, -1, places // part.run.items)
            steps = np.diff(places)
            found[1:] |= (np.diff(copies) != 0) | (steps < 0) | (steps > 1)
            if (steps[places[1:] >= 0] == 0).any():
                found[1:] |= steps != 0
        return np.flatnonzero(found)

    def _acting_on(self, nodes: Ints) -> list[Part]:
        """List the parts that have nodes in the groups of these."""
        groups = self._groups(nodes)
        return list(dict.fromkeys(part for index in groups for part in self._at.get(index, ())))

    def _groups(self, nodes: Ints) -> list[int]:
        """List the groups of some nodes."""
        found = np.searchsorted(self.starts, nodes, side="right") - 1
        return [int(index) for index in np.unique(found)]

    def of_items(self, part: Part, item: int) -> list[int]:
        """List the groups of the nodes that go with an item of a part's first copy."""
        return self._groups(part.nodes[0, item])


def along(block: EdgeBlock, axis: int) -> tuple[int, Ints]:
    """Give the nodes along an axis and their group: the target's, or the source's if these stay."""
    places = np.arange(block.shape[axis])
    if block.target_strides[axis] or not block.source_strides[axis]:
        return block.target_group, block.target_start + block.target_strides[axis] * places
    return block.source_group, block.source_start + block.source_strides[axis] * places


def several(items: Ints) -> bool:
    """Say whether some nodes go with different items."""
    found = items[items >= 0]
    return bool(found.size) and bool((found != found[0]).any())


def first_change(items: Ints) -> int:
    """Say after how many nodes, of those that go with some item, another item begins."""
    found = items[items >= 0]
    return int(np.argmax(found != found[0]))


def permuted_by(block: EdgeBlock, acting: Acting | None) -> list[str | None]:
    """Say for each axis of a block what permutes it."""
    if acting is None:
        return [None] * len(block.shape)
    return [acting.axis(block, axis) for axis in range(len(block.shape))]


def nodes_of(run: Run) -> Ints:
    """Give the nodes that go with each item of a run: its own, those inside, those that follow."""
    return np.asarray(run.nodes, dtype=np.int64)


def nested(runs: Iterable[Run], depth: int) -> Iterator[tuple[Run, int]]:
    """List runs from the outside inwards, and how many lie around each."""
    for run in runs:
        yield run, depth
        yield from nested(run.inside, depth + 1)
