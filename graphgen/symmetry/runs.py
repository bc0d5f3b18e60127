"""Runs of alike items, of the true sizes: what a group is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.followers import Followers
from graphgen.symmetry.lift import Alike, Part
from graphgen.symmetry.quotient import Quotient

Nodes: TypeAlias = NDArray[np.integer]
Values: TypeAlias = dict[int, Nodes]


@dataclass(frozen=True, eq=False)
class Run:
    """Alike items that may be put in any order, in each of several copies.

    `own`, integers (copies, items, width), lists vertices: place k is the same in each item. Runs
    `inside` have a copy for each copy and item of this one, or several, in C order. Where `told` is
    not None, the items are ways in which one set of vertices may lie, and `told` lists the places
    of those that others tell, with colour and the places of these.
    """

    own: Nodes
    inside: tuple[Run, ...]
    followers: Followers
    told: list[tuple[int, int, list[int]]] | None = None

    @property
    def copies(self) -> int:
        """The number of copies, which are independent of one another."""
        return int(self.own.shape[0])

    @property
    def items(self) -> int:
        """The number of items."""
        return int(self.own.shape[1])

    @property
    def free(self) -> bool:
        """Whether the items may be in any order; otherwise they are ways of which one is chosen."""
        return self.told is None

    @cached_property
    def nodes(self) -> Nodes:
        """All nodes that go with each item, (copies, items, nodes): its own, and those it tells."""
        return self.followers.beside(self.own)

    def complete(self, image: Nodes) -> None:
        """Fill in where the vertices of a way go that others of it tell."""
        if not self.told:
            return
        for listed in self.own[:, 0].tolist():
            place = {
                (colour, *(listed[k] for k in by)): listed[vertex]
                for vertex, colour, by in self.told
            }
            for vertex, colour, by in self.told:
                moved = (int(image[listed[k]]) for k in by)
                image[listed[vertex]] = place[colour, *moved]

    def all(self) -> Iterator[Run]:
        """List the runs from this one inwards."""
        yield self
        for run in self.inside:
            yield from run.all()


def runs_of(quotient: Quotient, part: Part, followers: Followers) -> tuple[Run, ...]:
    """List the runs of the whole graph's parts."""
    return tuple(_Lister(quotient, followers).runs(part, {}, 1))


def arrange(run: Run, image: Nodes, orders: Nodes) -> None:
    """Put the items of a run in other orders, what is inside of them as `image` says."""
    if run.free:
        image[run.own] = np.take_along_axis(image[run.own], orders[:, :, None], axis=1)
        return
    for ways, way in zip(run.own, orders.tolist(), strict=True):
        both = np.isin(ways[0], ways[way])  # each way has added vertices of its own
        here, there = ways[0][both], ways[way][both]
        order = np.argsort(here)
        image[here] = there[order[np.searchsorted(here, image[here], sorter=order)]]


def shuffle(run: Run, image: Nodes, rng: np.random.Generator) -> None:
    """Put the items of a run in random orders, uniformly."""
    if not run.free:
        arrange(run, image, rng.integers(run.items, size=run.copies))
    elif run.own.shape[2] == 1:
        nodes = run.own[:, :, 0]
        moved = image[nodes]
        if len(moved) == 1:  # in place, and faster
            rng.shuffle(moved[0])
        else:
            rng.permuted(moved, axis=1, out=moved)
        image[nodes] = moved
    else:
        orders = np.tile(np.arange(run.items, dtype=np.int32), (run.copies, 1))
        arrange(run, image, rng.permuted(orders, axis=1))


class _Lister:
    def __init__(self, quotient: Quotient, followers: Followers) -> None:
        self.quotient, self.followers = quotient, followers
        self.dtype = np.int32 if quotient.total < 2**31 else np.int64

    def runs(self, part: Part, at: Values, copies: int) -> list[Run]:
        """List the runs of copies of a part; `at` are the values of digits in each."""
        moving = [alike for alike in part.runs if not alike.idle]
        inside = [self._run(alike, at, copies) for alike in moving]
        if not part.ways:
            return inside
        ways = [self._nodes(self.quotient.base[way], at, copies) for way in part.ways]
        return [Run(np.stack(ways, axis=1), tuple(inside), self.followers, part.told)]

    def _run(self, alike: Alike, at: Values, copies: int) -> Run:
        at, copies = self._over(alike.names, at, copies)
        own, inside = [], []
        for orbit in alike.orbits:
            within, count = self._over(orbit.digits, at, copies)
            if orbit.part is None:
                nodes = self._nodes(np.array(orbit.nodes), within, count)
                own.append(nodes.reshape(copies, -1, 1))
                continue
            runs = self.runs(orbit.part, within, count)
            listed = [run.own[:, :1] if not run.free else run.own for run in runs]
            flat = [nodes.reshape(count, -1) for nodes in listed]
            own.append(np.concatenate(flat, axis=1).reshape(copies, orbit.size, -1))
            inside.append(runs)
        nodes = own[0] if len(own) == 1 else np.concatenate(own, axis=1)
        return Run(nodes, tuple(self._joined(inside, copies)), self.followers)

    def _over(self, digits: tuple[int, ...], at: Values, copies: int) -> tuple[Values, int]:
        """Give the values of digits in each of more copies: for each before, one for each value."""
        if not digits:
            return at, copies
        sizes = [self.quotient.digits[d].size for d in digits]
        grid = np.indices(sizes, dtype=self.dtype).reshape(len(sizes), -1)
        found = {d: np.repeat(values, prod(sizes)) for d, values in at.items()}
        found |= {d: np.tile(grid[k], copies) for k, d in enumerate(digits)}
        return found, copies * prod(sizes)

    def _nodes(self, bases: Nodes, at: Values, copies: int) -> Nodes:
        """Give the vertices of copies of some cells, (copies, cells)."""
        columns = []
        for base in bases.tolist():
            nodes: Nodes = np.full(copies, base, dtype=self.dtype)
            for digit, stride in self.quotient.cells.get(base, ()):
                nodes = nodes + at[digit] * self.dtype(stride)
            columns.append(nodes)
        return np.stack(columns, axis=1) if columns else np.zeros((copies, 0), self.dtype)

    def _joined(self, orbits: list[list[Run]], rows: int) -> Iterator[Run]:
        """Put the runs inside of the items of several orbits together, copy by copy."""
        if len(orbits) < 2:
            yield from (orbits[0] if orbits else ())
            return
        for runs in zip(*orbits, strict=True):
            own = [run.own.reshape(rows, -1, *run.own.shape[1:]) for run in runs]
            both = np.concatenate(own, axis=1)
            inside = tuple(self._joined([list(run.inside) for run in runs], rows))
            yield Run(both.reshape(-1, *both.shape[2:]), inside, self.followers, runs[0].told)
