"""What a search moves: the runs of a group, with the weights that go with their items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.faces import Face, Faces
from graphgen.matching.factors import stages
from graphgen.matching.scalars import Numbers, Scalars
from graphgen.matching.sizes import Sizes
from graphgen.symmetry.group import Symmetries
from graphgen.symmetry.runs import Run
from graphgen.symmetry.scalings import Scalings

MOST_WAYS = 256


@dataclass(eq=False)
class Plan:
    """A run, the weights that move with its items, and the runs inside.

    `direct` are those faces that no run inside moves. `slots` say where the root of each sign that
    an item has for itself is read: face, row of `Plans.roots`, place in the item. `kinds` are sets
    of slots, and `kind_of[face]` says with which of them each weight of an item changes its sign.
    """

    run: Run
    faces: list[Face]
    direct: list[Face]
    inside: list[Plan]
    depth: int
    tensors: Numbers
    slots: list[tuple[int, int, int]] = field(default_factory=list)
    kinds: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    kind_of: list[Numbers] = field(default_factory=list)
    crossed: bool = False

    @property
    def copies(self) -> int:
        """The number of copies, each in an order of its own."""
        return self.run.copies

    @property
    def items(self) -> int:
        """The number of items that are put in order."""
        return self.run.items

    def per_item(self, outer: Plan) -> int:
        """Give how many copies of this plan are in an item of one around it."""
        return self.copies // (outer.copies * outer.items)


@dataclass(frozen=True)
class Way:
    """Another way in which some nodes may lie: the weights `places` become those of `sources`."""

    nodes: Numbers
    places: Numbers
    sources: Numbers


class Plans:
    """What a search needs to know of an architecture, found once."""

    def __init__(
        self,
        group: Symmetries,
        scalars: Scalars,
        scalings: Scalings | None,
        signs: bool,
        scales: bool,
    ) -> None:
        self.scalars = scalars
        self.number = {tensor.name: k for k, tensor in enumerate(scalars.tensors)}
        self.stages = None if scalings is None else stages(scalings)
        self.sizes = Sizes(scalars, scalings) if scalings is not None and scales else None
        self.roots = scalars.roots(scalings) if scalings is not None and signs else None
        self.members = None if scalings is None else members(scalings)
        if self.roots is not None:
            odd = np.where(self.roots[0] == self.roots[1], -1, self.roots)
            self._counts = np.bincount(odd[odd >= 0])
        groups = group.template.node_groups
        self._depths = np.concatenate([np.full(own.size, own.depth) for own in groups])
        self._faces = Faces(scalars)
        self.outer = sorted(self._plans(group.runs), key=lambda plan: plan.depth)
        self.all = list(walk(self.outer))
        self.moving = np.zeros(group.template.num_nodes, dtype=np.bool_)
        for plan in self.all:
            self.moving[plan.run.nodes.reshape(-1)] = True
        self._group = group
        self._cross()
        self.loose = self._loose()
        self.ways = list(islice(self._ways(), MOST_WAYS))

    def _plans(self, runs: tuple[Run, ...]) -> Iterator[Plan]:
        """Plan the runs whose items may be put in any order, inside others too."""
        for run in runs:
            if run.free:
                yield self._plan(run)
            else:
                yield from self._plans(run.inside)

    def _plan(self, run: Run) -> Plan:
        inside = list(self._plans(run.inside))
        faces = self._faces.of(run.nodes)
        direct = faces
        if inside:
            inner = np.concatenate([plan.run.nodes.reshape(-1) for plan in inside])
            apart = ~np.isin(run.nodes[0, 0], inner)
            direct = self._faces.of(run.nodes[:, :, apart]) if apart.any() else []
        tensors = sorted({self.number[name] for face in faces for name in face.tensors})
        depth = int(self._depths[run.nodes[0, 0]].min(initial=1 << 30))
        plan = Plan(run, faces, direct, inside, depth, np.array(tensors, dtype=np.int64))
        if not inside and self.roots is not None:
            self._sign(plan, self.roots)
        return plan

    def _sign(self, plan: Plan, roots: Numbers) -> None:
        """Find the signs that an item has for itself: other items have others in their places."""
        found: dict[int, tuple[int, int, int]] = {}
        owned = []
        for number, face in enumerate(plan.faces):
            two = face.places(0)[:2].reshape(2, -1)
            ours, theirs = roots[:, two[0]], roots[:, two[1]]
            own = np.where((ours >= 0) & (ours != theirs), ours, -1)
            owned.append(own)
            for row in (0, 1):
                for root, place in zip(*np.unique(own[row], return_index=True), strict=True):
                    if root >= 0:
                        found.setdefault(int(root), (number, row, int(place)))
        found = {root: slot for root, slot in found.items() if self._covered(plan, root, owned)}
        plan.slots = list(found.values())
        listed = np.array([-1, *found], dtype=np.int64)
        order = np.argsort(listed)
        known: dict[tuple[int, ...], int] = {(): 0}
        for own in owned:
            at = np.minimum(np.searchsorted(listed[order], own), len(listed) - 1)
            slots = np.where(listed[order][at] == own, order[at] - 1, -1)
            slots[:, slots[0] == slots[1]] = -1  # what changes twice does not change
            pairs, place = np.unique(np.sort(slots, axis=0), axis=1, return_inverse=True)
            names = [tuple(x for x in pair if x >= 0) for pair in pairs.T.tolist()]
            numbers = np.array([known.setdefault(name, len(known)) for name in names])
            plan.kind_of.append(numbers[place.reshape(-1)])
        plan.kinds = list(known)

    def _covered(self, plan: Plan, root: int, owned: list[Numbers]) -> bool:
        """Whether all weights that change with a root are among those of the first item."""
        once = [
            face.first()[(own == root).sum(axis=0) == 1]
            for face, own in zip(plan.faces, owned, strict=True)
        ]
        counts = np.unique(np.concatenate(once), return_counts=True)[1]
        return int((counts % 2).sum()) == int(self._counts[root])

    def _loose(self) -> NDArray[np.bool_]:
        """Say of which roots the signs belong to no item, and are chosen by themselves."""
        if self.roots is None:
            return np.zeros(0, dtype=np.bool_)
        loose = np.zeros(self.roots.max(initial=-1) + 1, dtype=np.bool_)
        loose[self.roots[self.roots >= 0]] = True
        for plan in self.all:
            for face, row, place in plan.slots:
                for copy in range(plan.copies):
                    at = plan.faces[face].places(copy).reshape(plan.items, -1)[:, place]
                    loose[self.roots[row, at]] = False
        return loose

    def _cross(self) -> None:
        """Find the runs that move more nodes than those of their items."""
        rolled = {p.run: np.tile(np.roll(np.arange(p.items), 1), (p.copies, 1)) for p in self.all}
        nodes = np.arange(self._group.template.num_nodes, dtype=np.int64)
        for plan in reversed(self.all):
            moving = plan.run.nodes
            nodes[moving] = nodes[np.roll(moving, 1, axis=1)]
        if np.array_equal(nodes, self._group.arranged(rolled).nodes):
            return
        for plan in self.all:
            moved = self._group.arranged({plan.run: rolled[plan.run]}).nodes
            away = np.flatnonzero(moved != np.arange(len(moved)))
            plan.crossed = not np.isin(away, plan.run.nodes).all()

    def taken(self, orders: dict[Run, Numbers]) -> Way:
        """Give what an element of the group does to the nodes and the scalars."""
        moved = self._group.arranged(orders)
        taken = self.scalars.vector(moved.moved(self.scalars.numbered())).astype(np.int64)
        places = np.flatnonzero(taken != np.arange(len(taken)))
        return Way(moved.nodes, places, taken[places])

    def _ways(self) -> Iterator[Way]:
        """List the other ways of the runs that are not free."""
        for outer in self._group.runs:
            for run in outer.all():
                for copy, way in np.ndindex(0 if run.free else run.copies, run.items):
                    chosen = np.zeros(run.copies, dtype=np.int64)
                    chosen[copy] = way
                    if way:
                        yield self.taken({run: chosen})


def walk(plans: list[Plan]) -> Iterator[Plan]:
    """List plans, each before those inside."""
    for plan in plans:
        yield plan
        yield from walk(plan.inside)


def members(group: Scalings) -> tuple[Numbers, Numbers]:
    """List the unknowns root by root, and where those of each begin."""
    roots = group.unknowns.find_all(np.arange(group.unknowns.count, dtype=np.int64))[0]
    order = np.argsort(roots, kind="stable")
    return order, np.searchsorted(roots[order], np.arange(len(roots) + 1))
