"""The weights that move with the items of a run, item beside item."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.ends import End
from graphgen.matching.scalars import Numbers, Scalars


@dataclass(frozen=True)
class Face:
    """Scalars of alike items: the place of one is `rows[copy, item, row] + along + beside`.

    `along` runs over the nodes at the other ends of the edges, which `others` lists; `beside` runs
    over what is parallel. What an exchange of two items exchanges is in corresponding places.
    """

    rows: Numbers  # (copies, items, rows)
    along: Numbers
    beside: Numbers
    others: Numbers
    tensors: frozenset[str]

    def places(self, copy: int) -> Numbers:
        """Give the places of one copy, (items, rows, along, beside)."""
        return _spread(self.rows[copy], self.along, self.beside)

    def first(self) -> Numbers:
        """List the places of the first item of the first copy."""
        return _spread(self.rows[0, 0], self.along, self.beside).reshape(-1)


class Spelled(Face):
    """Scalars of items whose blocks lie in other ways: `rows` has them all."""

    def places(self, copy: int) -> Numbers:
        """Give the places of one copy, (items, 1, along, 1)."""
        places: Numbers = self.rows[copy][:, None, :, None]
        return places

    def first(self) -> Numbers:
        """List the places of the first item of the first copy."""
        places: Numbers = self.rows[0, 0]
        return places


class Faces:
    """Finds the faces of runs; the blocks are read once."""

    def __init__(self, scalars: Scalars) -> None:
        self._starts = np.array([group.start for group in scalars.template.node_groups])
        self._ends: dict[int, list[End]] = defaultdict(list)
        for block in scalars.blocks:
            for end in (End(scalars, block, "source"), End(scalars, block, "target")):
                self._ends[end.group].append(end)

    def of(self, nodes: NDArray[np.integer[Any]]) -> list[Face]:
        """Find the faces of the items of a run, `nodes` (copies, items, width)."""
        items = _Items(nodes.astype(np.int64, copy=False))
        groups = np.searchsorted(self._starts, items.nodes, side="right") - 1
        level = (groups == groups[:1, :1]).all(axis=(0, 1))
        faces: list[Face] = []
        crooked: list[tuple[End, Numbers]] = []
        for group in np.unique(groups[0, 0, level]).tolist():
            columns = np.flatnonzero(level & (groups[0, 0] == group))
            for end in self._ends[group]:
                found = items.at(end, columns)
                if isinstance(found, Face):
                    faces.append(found)
                elif found:
                    crooked.append((end, columns))
        odd = np.flatnonzero(~level)
        for group in np.unique(groups[:, :, odd]).tolist():
            crooked += [(end, odd) for end in self._ends[group]]
        faces += items.spelled(crooked)
        # Both ends of a block, or two uses of a tensor, may move the same.
        return list({np.unique(face.first()).tobytes(): face for face in reversed(faces)}.values())


class _Items:
    """The nodes of alike items, (copies, items, width)."""

    def __init__(self, nodes: Numbers) -> None:
        self.nodes = nodes
        self._order = np.argsort(nodes, axis=None)
        self._listed = nodes.reshape(-1)[self._order]

    def find(self, nodes: Numbers) -> tuple[Numbers, Numbers]:
        """Give the item, counted over all copies, and the column of nodes; item -1 if in none."""
        at = np.minimum(np.searchsorted(self._listed, nodes), len(self._listed) - 1)
        item, column = np.divmod(self._order[at], self.nodes.shape[2])
        return np.where(self._listed[at] == nodes, item, -1), column

    def at(self, end: End, columns: Numbers) -> Face | bool:
        """Find what lies at an end of a block; True if not all items lie there alike."""
        there, low, count = end.find(self.nodes[:, :, columns])
        here = there[0, 0]
        if not (there == here).all():
            return True
        if not here.any():
            return False
        copies, items = self.nodes.shape[:2]
        spread = (low[:, :, here, None] + np.arange(count)).reshape(copies, items, -1)
        far = end.far[spread]
        if not (far == far[:, :1]).all():
            # The other ends move too: each with its own item, to corresponding places.
            item, column = self.find(far[..., None] + end.reach)
            own = np.arange(copies * items).reshape(copies, items, 1, 1)
            if not ((item == own).all() and (column == column[:, :1]).all()):
                return True
        others = np.unique(np.unique(far)[:, None] + end.reach)
        return Face(end.base[spread], end.along, end.beside, others, frozenset([end.tensor]))

    def spelled(self, ends: list[tuple[End, Numbers]]) -> list[Face]:
        """Spell out the edges at some ends, and put those beside each other that correspond."""
        copies, items, _ = self.nodes.shape
        edges = [np.zeros((6, 0), dtype=np.int64)]
        tensors = set()
        for end, columns in ends:
            own = np.unique(self.nodes[:, :, columns])
            names, scalars, near, far = end.edges(own)
            if not scalars.size:
                continue
            tensors.add(end.tensor)
            item, column = self.find(near)
            other, place = self.find(far)
            # Inside an item a node goes by its column, outside by its number.
            ids = -1 - column, np.where(other == item, -1 - place, far)
            source, target = ids if end.which == "source" else ids[::-1]
            edges.append(np.stack([item, names, source, target, scalars, far]))
        table = np.concatenate(edges, axis=1)
        table = table[:, np.lexsort(table[4::-1])]
        same = (table[[0, 4], 1:] == table[[0, 4], :-1]).all(axis=0)
        table = table[:, np.append(True, ~same)[: table.shape[1]]]  # an inner edge has both ends
        counts = np.bincount(table[0], minlength=copies * items)
        if not table.size or not (counts == counts[0]).all():
            return []
        grid = table.reshape(6, copies, items, -1)
        alike = (grid[1:4] == grid[1:4, :, :1]).all(axis=(0, 1, 2))
        if not alike.any():
            return []
        none = np.zeros(1, dtype=np.int64)
        return [Spelled(grid[4][:, :, alike], none, none, np.unique(table[5]), frozenset(tensors))]


def _spread(rows: Numbers, along: Numbers, beside: Numbers) -> Numbers:
    places: Numbers = rows[..., None, None] + along[:, None] + beside
    return places
