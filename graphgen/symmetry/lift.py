"""The parts of a whole graph, from those of one in which few items stand for many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import numpy as np

from graphgen.symmetry.digits import OddDigits
from graphgen.symmetry.quotient import Bound, Quotient
from graphgen.symmetry.rows import Ints
from graphgen.symmetry.tree import FRESH, Leaves, Tree

Values: TypeAlias = dict[int, int]
Items: TypeAlias = "list[Tree] | Leaves"


@dataclass
class Orbit:
    """Items of a run that differ by the values of digits: one of them stands for all.

    It is a part, or nodes, each given by the number of the one where all digits are 0.
    `members` are the places of the kept items among those of the run.
    """

    digits: tuple[int, ...]
    size: int
    members: list[int]
    part: Part | None = None
    nodes: list[int] = field(default_factory=list)


@dataclass
class Alike:
    """A run of alike items, exchanged in any way, and that for each value of the digits `names`.

    It is `idle` if that exchanges no nodes of the template, but indices of tensors alone.
    """

    orbits: list[Orbit]
    names: tuple[int, ...]
    times: int
    idle: bool = False

    @property
    def size(self) -> int:
        """The number of items."""
        return sum(orbit.size for orbit in self.orbits)

    @property
    def part(self) -> Part | None:
        """What is inside of an item, if it is not a node."""
        return self.orbits[0].part


@dataclass
class Part:
    """The runs of a part. It may lie in several `ways`, lists of vertices that correspond.

    There, `told` lists the nodes that others tell: the place of each, its colour, their places.
    """

    runs: list[Alike]
    ways: list[Ints] = field(default_factory=list)
    told: list[tuple[int, int, list[int]]] = field(default_factory=list)


@dataclass(frozen=True)
class Follower:
    """A vertex that others tell, with all that it stands for."""

    vertex: int
    colour: int
    by: tuple[int, ...]


class Lift:
    """Puts the sizes of digits back. Raises `OddDigits` where that cannot be done."""

    def __init__(self, quotient: Quotient, tree: Tree) -> None:
        self.quotient = quotient
        self.followers: list[Follower] = []
        self._seen: set[int] = set()
        self.root = self._part(tree, {})
        self._set_idle([self.root], self._telling())

    def _telling(self) -> set[int]:
        """List the vertices, by their bases, that nodes of the template are, or that tell them."""
        base = self.quotient.base
        found = set(base[base < self.quotient.template.num_nodes].tolist())
        before = -1
        while len(found) > before:
            before = len(found)
            for follower in self.followers:
                if int(base[follower.vertex]) in found:
                    found.update(int(base[v]) for v in follower.by)
        return found

    def _set_idle(self, parts: list[Part], telling: set[int]) -> None:
        """Note the runs of parts that are alike in which no vertex stands for nodes."""
        for alike in zip(*(() if part.ways else part.runs for part in parts), strict=True):
            idle = not any(stands_for_nodes(run, telling) for run in alike)
            for run in alike:
                run.idle = idle
            inside = [orbit.part for run in alike for orbit in run.orbits]
            self._set_idle([part for part in inside if part is not None], telling)

    def sizes(self, digits: tuple[int, ...]) -> list[int]:
        """List the sizes of digits."""
        return [self.quotient.digits[d].size for d in digits]

    def _part(self, tree: Tree, at: Values, searched: list[Tree] | None = None) -> Part:
        if tree.ways:
            return self._searched(tree, at)
        runs = []
        for _, items, own in self.grouped(tree, at):
            runs.append(self._alike(items, at | own, tuple(own), searched))
        if searched is not None:
            searched.append(tree)
        else:
            self._follow(tree)
        return Part(runs)

    def _searched(self, tree: Tree, at: Values) -> Part:
        """Keep the ways in which a part may lie, which has no digits of its own."""
        quotient = self.quotient
        loose = self._loose(tree, at)
        if loose:
            raise OddDigits(loose)
        digits = {d for v in tree.known.tolist() for d, _ in quotient.bound[v]}

        def names(nodes: Ints) -> Ints:
            return np.array(
                [v if v < FRESH else quotient.added(v, digits, at) for v in nodes.tolist()],
                dtype=np.int64,
            )

        tree.rename(names)
        inside: list[Tree] = []
        part = self._part(tree.ways[0], at, inside)
        part.ways = [way.nodes for way in tree.ways]
        where = {v: place for place, v in enumerate(part.ways[0].tolist())}
        for own in inside:
            listed = own.nodes.tolist()
            for vertex, colour, places in own.derived:
                told = [where[listed[p]] for p in places]
                part.told.append((where[vertex], colour, told))
        return part

    def _loose(self, tree: Tree, at: Values) -> set[int]:
        """List the digits of nodes that are not bound to one value."""
        bound = self.quotient.bound
        return {d for v in tree.known.tolist() for d, x in bound[v] if at.get(d) != x}

    def grouped(self, tree: Tree, at: Values) -> Iterator[tuple[list[Items], Items, Values]]:
        """List the runs of a part, those together that differ by values of named digits only.

        Gives the runs, the first of them, and its values.
        """
        quotient = self.quotient
        runs: list[Items] = list(tree.runs)
        if not runs:  # a single node, or nothing
            runs = [Leaves(tree.key, np.array([v])) for v in tree.nodes.tolist()]
        found: dict[object, list[tuple[tuple[int, ...], Items, Values]]] = {}
        for run in runs:
            nodes = run.nodes if isinstance(run, Leaves) else np.concatenate([t.known for t in run])
            names: dict[int, set[int]] = {}
            for v in nodes.tolist():
                for d, x in quotient.bound[v]:
                    if quotient.digits[d].named and d not in at:
                        names.setdefault(d, set()).add(x)
            one = {d: next(iter(x)) for d, x in sorted(names.items()) if len(x) == 1}
            what = tuple(one), np.sort(quotient.base[nodes]).tobytes(), 0 if one else len(found)
            found.setdefault(what, []).append((tuple(one.values()), run, one))
        for alike in found.values():
            _, run, one = min(alike, key=lambda row: row[0])
            if len(alike) != prod(quotient.digits[d].kept for d in one):
                raise OddDigits(set(one))
            yield [own for _, own, _ in alike], run, one

    def _alike(
        self, items: Items, at: Values, names: tuple[int, ...], searched: list[Tree] | None
    ) -> Alike:
        """Sort the items of a run into orbits."""
        quotient = self.quotient
        found: dict[object, list[int]] = {}
        values: list[Bound] = []
        leaves = isinstance(items, Leaves)
        listed = items.nodes[:, None] if isinstance(items, Leaves) else [t.known for t in items]
        for place, nodes in enumerate(listed):
            values.append(self._shared(nodes, at))
            cell = 0 if leaves and not values[-1] else np.sort(quotient.base[nodes]).tobytes()
            found.setdefault((cell, tuple(d for d, _ in values[-1])), []).append(place)
        orbits = []
        for members in found.values():
            digits = tuple(d for d, _ in values[members[0]])
            if digits and len(members) != prod(quotient.digits[d].kept for d in digits):
                raise OddDigits(set(digits))
            size = prod(self.sizes(digits))
            if isinstance(items, Leaves):
                own = items.nodes[members if not digits else members[:1]]
                bases = quotient.base[own].tolist()
                orbits.append(Orbit(digits, size * len(bases), members, nodes=bases))
                continue
            # Alike parts without digits are on the same cells: each is for itself.
            for group in [members] if digits else [[k] for k in members]:
                within = at | dict(values[group[0]])
                part = self._part(items[group[0]], within, searched)
                orbits.append(Orbit(digits, size, group, part))
        if not isinstance(items, Leaves) and len({shape_of(orbit.part) for orbit in orbits}) > 1:
            raise OddDigits({d for tree in items for d in self._loose(tree, at)})
        return Alike(orbits, names, prod(self.sizes(names)))

    def _shared(self, nodes: Ints, at: Values) -> Bound:
        """List the digits that nodes share, with their values, beside those of `at`."""
        values: dict[int, set[int]] = {}
        for v in nodes.tolist():
            for d, x in self.quotient.bound[v]:
                values.setdefault(d, set()).add(x)
        result = []
        for d, found in sorted(values.items()):
            if d in at:
                if found != {at[d]}:
                    raise OddDigits({d})
            elif len(found) == 1:
                result.append((d, next(iter(found))))
            elif len(found) != self.quotient.digits[d].kept:
                raise OddDigits({d})
        return tuple(result)

    def _follow(self, tree: Tree) -> None:
        """Note what the nodes of a part tell, once for all that a node stands for."""
        quotient = self.quotient
        listed = tree.nodes.tolist()
        first: dict[int, tuple[tuple[int, ...], int]] = {}
        for k, (vertex, _, _) in enumerate(tree.derived):
            base = int(quotient.base[vertex])
            mine = tuple(x for _, x in quotient.bound[vertex]), k
            first[base] = min(first.get(base, mine), mine)
        for base, (_, k) in first.items():
            vertex, colour, places = tree.derived[k]
            by = tuple(listed[p] for p in places)
            own = dict(quotient.bound[vertex])
            told = {d for u in by for d, _ in quotient.bound[u]}
            wrong = {d for u in by for d, x in quotient.bound[u] if own.get(d) != x}
            loose = {d for d in own if d not in told and not quotient.digits[d].named}
            if wrong:
                raise OddDigits(wrong | set(own))
            if loose:
                raise OddDigits(loose)
            if base not in self._seen:
                self._seen.add(base)
                self.followers.append(Follower(vertex, colour, by))


def stands_for_nodes(alike: Alike, telling: set[int]) -> bool:
    """Say whether any vertex of a run is among those that nodes are, or are told by."""
    return any(
        not telling.isdisjoint(orbit.nodes)
        if orbit.part is None
        else bool(orbit.part.ways) or any(stands_for_nodes(run, telling) for run in orbit.part.runs)
        for orbit in alike.orbits
    )


def shape_of(part: Part | None) -> object:
    """Say how many items the runs of a part have, down to its nodes."""
    if part is None:
        return None
    return len(part.ways), tuple((run.size, run.times, shape_of(run.part)) for run in part.runs)
