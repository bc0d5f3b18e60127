"""Rests that neither fall apart nor can be written otherwise: node after node is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphgen.symmetry.digits import OddDigits
from graphgen.symmetry.rows import Ints, Row, Words, word
from graphgen.symmetry.tree import FRESH, Tree

if TYPE_CHECKING:
    from graphgen.symmetry.decomposition import Decomposition
    from graphgen.symmetry.quotient import Bound

MOST_NODES = 600
MOST_ALIKE = 32
MOST_WORK = 40_000
"""So many nodes are searched at once, so many are tried in turn, and so much in one network."""


class TooLarge(Exception):  # noqa: N818
    """A rest is too large to be searched."""


class Search:
    """What a search took so far, and what was kept in place. `bound` are the digits of vertices."""

    def __init__(self, bound: list[Bound]) -> None:
        self.bound = bound
        self.work = 0
        self.depth = 0
        self.held: list[int] = []
        self.fresh = FRESH

    def ways(self, whole: Decomposition, inside: Ints, rows: list[Row]) -> Tree | None:
        """Find the ways in which a part may lie; None if it is too large."""
        try:
            return self._ways(whole, inside, rows)
        except TooLarge:
            if self.depth:
                raise
            return None

    def hold(self, nodes: set[int]) -> None:
        """Note nodes that are kept in place; raise `OddDigits` if they stand for others."""
        if self.depth:
            raise TooLarge
        digits = {digit for v in nodes for digit, _ in self.bound[v]}
        if digits:
            raise OddDigits(digits, held=True)
        self.held += sorted(nodes)

    def _ways(self, whole: Decomposition, inside: Ints, rows: list[Row]) -> Tree:
        local = {v: k for k, v in enumerate(inside.tolist())}
        own = [
            Row(
                row.label,
                {local[v]: weight for v, weight in row.sources.items()},
                {local[v]: weight for v, weight in row.targets.items()},
            )
            for row in rows
        ]
        classes: dict[int, list[int]] = {}
        for v, k in local.items():
            classes.setdefault(whole.ids[v], []).append(k)
        several = [found for found in classes.values() if len(found) > 1]
        colour = whole.colour[inside]
        tried = min(several, key=lambda found: (len(found), int(colour[found[0]])))
        if len(inside) > MOST_NODES or len(tried) > MOST_ALIKE:
            raise TooLarge
        found = [self._tree(colour, k, own, inside) for k in tried]
        least = min(tree.key for tree in found)
        ways = [tree for tree in found if tree.key == least]
        return Tree(word(("ways", least, len(ways))), ways[0].nodes, ways=ways)

    def _tree(self, colour: Words, chosen: int, rows: list[Row], inside: Ints) -> Tree:
        """Find the parts of a rest in which one node is told apart."""
        from graphgen.symmetry.decomposition import Decomposition

        self.work += len(inside) + len(rows)
        if self.work > MOST_WORK:
            raise TooLarge
        colour = colour.copy()
        colour[chosen] = word(("tried", int(colour[chosen])))
        depth, self.depth = self.depth, self.depth + 1
        try:
            plain = np.zeros(len(colour), np.uint64)
            tree = Decomposition(colour, plain, rows, self, None).tree()
        finally:
            self.depth = depth
        n, first = len(inside), self.fresh

        def names(nodes: Ints) -> Ints:
            own, added = nodes < n, (nodes >= n) & (nodes < FRESH)
            result = nodes.copy()
            result[own] = inside[nodes[own]]
            result[added] += first - n
            self.fresh = max(self.fresh, int(result.max(initial=0)) + 1)
            return result

        tree.rename(names)
        return tree
