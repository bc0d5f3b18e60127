"""A tree of parts: of the children of each, alike ones may be exchanged in any way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from graphgen.symmetry.rows import Ints, Words, word

Derived = tuple[int, int, tuple[int, ...]]

FRESH = 1 << 40
"""Vertices that a search adds have numbers from here on."""


@dataclass
class Leaves:
    """Nodes that may be exchanged one by one."""

    key: int
    nodes: Ints

    def __len__(self) -> int:
        return len(self.nodes)


@dataclass
class Tree:
    """A part of a graph, its nodes in an order such that alike parts correspond.

    A derived node is told by its colour and other nodes of the part: node, colour, and the places
    of these. A part that was searched may lie in several ways.
    """

    key: int
    nodes: Ints
    runs: list[list[Tree] | Leaves] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    ways: list[Tree] = field(default_factory=list)

    @property
    def known(self) -> Ints:
        """The nodes without those that a search has added inside."""
        return self.nodes[self.nodes < FRESH]

    def rename(self, names: Callable[[Ints], Ints]) -> None:
        """Give the nodes other numbers."""
        self.nodes = names(self.nodes)
        renamed = names(np.array([v for v, *_ in self.derived], dtype=np.int64)).tolist()
        self.derived = [
            (v, colour, told) for v, (_, colour, told) in zip(renamed, self.derived, strict=True)
        ]
        for run in (*self.runs, self.ways):
            if isinstance(run, Leaves):
                run.nodes = names(run.nodes)
            else:
                for child in run:
                    child.rename(names)


class Builder:
    """Puts the tree together from below, from the parts that nodes are in, level by level."""

    def __init__(
        self,
        colour: Words,
        told: dict[int, list[int]],
        rounds: dict[int, int],
        searched: list[Tree],
    ) -> None:
        self.colour, self.rounds, self.waiting = colour, rounds, dict(told)
        self.current = [(int(tree.nodes.min()), tree) for tree in searched]
        taken = np.zeros(len(colour), dtype=np.bool_)
        taken[list(told)] = True
        for tree in searched:
            taken[tree.nodes[tree.nodes < len(colour)]] = True
        self.leaves = np.flatnonzero(~taken)

    def build(self, chain: list[Ints]) -> Tree:
        """Give the tree of all nodes; the first level is one part."""
        for part in reversed(chain):
            self._level(part)
        if not self.current:
            return Tree(0, self.leaves)  # a single node
        ((_, tree),) = self.current
        return tree

    def _level(self, part: Ints) -> None:
        children: dict[int, list[Tree]] = {}
        for node, tree in self.current:
            children.setdefault(int(part[node]), []).append(tree)
        waiting: dict[int, list[int]] = {}
        for node in self.waiting:
            waiting.setdefault(int(part[node]), []).append(node)
        sets = self._sets(part, [*children, *waiting])
        self.current = []
        for own in sorted(children.keys() | sets.keys()):
            flat, below = sets.get(own, []), children.get(own, [])
            tree = self._part(flat, below, waiting.get(own, []))
            self.current.append((int(tree.nodes[0]), tree))

    def _sets(self, part: Ints, crowded: list[int]) -> dict[int, list[Leaves]]:
        """Take the leaves that are not alone in their part, those of one colour together."""
        own, colour = part[self.leaves], self.colour[self.leaves]
        count = np.bincount(own, minlength=int(part.max()) + 1)
        count[crowded] += 1
        join = count[own] > 1
        leaves, own, colour = self.leaves[join], own[join], colour[join]
        self.leaves = self.leaves[~join]
        order = np.lexsort((leaves, colour, own))
        leaves, own, colour = leaves[order], own[order], colour[order]
        cuts = np.flatnonzero((own[1:] != own[:-1]) | (colour[1:] != colour[:-1])) + 1
        result: dict[int, list[Leaves]] = {}
        if len(leaves):
            for run, first in zip(np.split(leaves, cuts), [0, *cuts.tolist()], strict=True):
                result.setdefault(int(own[first]), []).append(Leaves(int(colour[first]), run))
        return result

    def _part(self, flat: list[Leaves], below: list[Tree], waiting: list[int]) -> Tree:
        """Make one part of leaves and parts, with the nodes that these tell."""
        ready = self._ready(waiting, (*flat, *below))
        if len(below) == 1 and not flat and not ready:
            return below[0]
        below.sort(key=lambda tree: tree.key)
        runs: list[list[Tree] | Leaves] = list(flat)
        for tree in below:
            last = runs[-1] if runs else None
            if isinstance(last, list) and last[0].key == tree.key:
                last.append(tree)
            else:
                runs.append([tree])
        nodes = np.concatenate([run.nodes for run in flat] + [tree.nodes for tree in below])
        key = [(run.key if isinstance(run, Leaves) else run[0].key, len(run)) for run in runs]
        result = Tree(word(key), nodes, runs)
        if ready:
            self._derive(result, ready)
        return result

    def _ready(self, waiting: list[int], parts: tuple[Leaves | Tree, ...]) -> list[int]:
        """List the nodes that others tell which are all inside."""
        if not waiting:
            return []
        inside = {v for part in parts for v in part.nodes.tolist()}
        ready = []
        for v in reversed(waiting):  # those that were taken out last come first
            if inside.issuperset(self.waiting[v]):
                ready.append(v)
                inside.add(v)
        return ready

    def _derive(self, tree: Tree, ready: list[int]) -> None:
        listed = tree.nodes.tolist()
        where = {v: place for place, v in enumerate(listed)}
        rounds: dict[int, list[int]] = {}
        for v in ready:
            rounds.setdefault(self.rounds[v], []).append(v)
        for number in sorted(rounds, reverse=True):
            for colour, places, v in sorted(
                (int(self.colour[v]), tuple(where[b] for b in self.waiting[v]), v)
                for v in rounds[number]
            ):
                where[v] = len(listed)
                listed.append(v)
                tree.derived.append((v, colour, places))
        tree.nodes = np.array(listed, dtype=np.int64)
        tree.key = word((tree.key, [row[1:] for row in tree.derived]))
        for v in ready:
            del self.waiting[v]
