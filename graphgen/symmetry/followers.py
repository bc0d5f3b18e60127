"""Nodes that others tell: where these go, they follow."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.symmetry.lift import Follower
from graphgen.symmetry.quotient import Quotient
from graphgen.symmetry.rows import Ints, Words, mix

Nodes = NDArray[np.integer]


@dataclass(frozen=True)
class Group:
    """All that one follower stands for: `nodes`, what tells each, (tells, nodes), and its names."""

    nodes: Ints
    by: Ints
    names: Ints
    colour: int


class Followers:
    """The nodes of a whole graph that others tell, those last that are told by followers."""

    def __init__(self, quotient: Quotient, followers: list[Follower]) -> None:
        self.num_nodes = quotient.template.num_nodes
        self.total = quotient.total
        self.groups = [self._whole(quotient, follower) for follower in followers]
        self.tables: dict[int, tuple[Words, Ints]] = {}
        for colour in {group.colour for group in self.groups}:
            own = [group for group in self.groups if group.colour == colour]
            keys = np.concatenate([code(group.by, group.names) for group in own])
            nodes = np.concatenate([group.nodes for group in own])
            order = np.argsort(keys)
            self.tables[colour] = keys[order], nodes[order]

    def _whole(self, quotient: Quotient, follower: Follower) -> Group:
        base = int(quotient.base[follower.vertex])
        digits = quotient.cells.get(base, ())
        names = [d for d, _ in digits]
        sizes = [quotient.digits[d].size for d in names]
        grid = np.indices(sizes).reshape(len(names), prod(sizes))

        def listed(first: int) -> Ints:
            nodes = np.full(grid.shape[1], first, dtype=np.int64)
            for digit, stride in quotient.cells.get(first, ()):
                nodes += stride * grid[names.index(digit)]
            return nodes

        by = np.array([listed(int(quotient.base[u])) for u in follower.by])
        told = {d for u in follower.by for d, _ in quotient.bound[u]}
        own = [grid[k] for k, d in enumerate(names) if d not in told]
        return Group(
            listed(base), by, np.array(own, np.int64).reshape(-1, grid.shape[1]), follower.colour
        )

    def complete(self, image: NDArray[np.int64]) -> None:
        """Fill in where followers go; `image` says where the others go."""
        for group in self.groups:
            keys, nodes = self.tables[group.colour]
            asked = code(image[group.by], group.names)
            found = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
            if not np.array_equal(keys[found], asked):
                raise GraphError("the permutation takes neurons apart that go together")
            image[group.nodes] = nodes[found]

    def beside(self, own: Nodes) -> Nodes:
        """Add to items, (copies, items, width), the nodes that follow each if others stay."""
        copies, items, width = own.shape
        listed = own[:, :, own[0, 0] < self.num_nodes]
        if not self.groups:
            return listed
        item = np.full(self.total, -1, dtype=np.int64)
        item[own.reshape(-1)] = np.repeat(np.arange(copies * items), width)
        place = mix(np.arange(self.total))
        place[own.reshape(-1)] = np.tile(mix(np.arange(width)), copies * items)
        found, keys = [listed.reshape(-1)[:0]], [place[:0]]
        for group in self.groups:
            last = item[group.by].max(axis=0)
            first = np.where(item[group.by] == -1, last, item[group.by]).min(axis=0)
            # Those that are told by two items go with neither alone.
            item[group.nodes] = np.where(first == last, last, -2)
            told = code(place[group.by], group.names)
            place[group.nodes] = mix(told ^ np.uint64(group.colour))
            goes = (item[group.nodes] >= 0) & (group.nodes < self.num_nodes)
            found.append(group.nodes[goes].astype(own.dtype))
            keys.append(place[group.nodes[goes]])
        nodes = np.concatenate(found)
        order = np.lexsort((np.concatenate(keys), item[nodes]))
        return np.concatenate([listed, nodes[order].reshape(copies, items, -1)], axis=2)


def code(by: Ints | Words, names: Ints) -> Words:
    """Hash what tells nodes, one a column."""
    result = mix(np.zeros(by.shape[1], dtype=np.int64))
    for row in (*by, *names):
        result = mix(result ^ mix(row))
    return result
