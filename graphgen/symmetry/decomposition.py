"""The automorphisms of a coloured graph, exactly: refine, split, and say less where it is stuck.

Colours are refined over the rows. Two classes that are joined completely say nothing of one
another; what is left falls into components, of which alike ones may be exchanged in any way, and
within each the same is asked again. What does not fall apart is written otherwise, without a loss:

1. of nodes that are matched one to one, one stays, and the others follow it;
2. a biclique gets a vertex between its two sides;
3. a class of nodes that are all tuples of others is taken out, and follows these;
4. small rests are searched, node by node;
5. and what then is left stays in place, with a statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from graphgen.symmetry.rows import (
    Ints,
    Relation,
    Row,
    Union,
    Words,
    mix,
    refine,
    relations,
    split,
    word,
)  # fmt: skip
from graphgen.symmetry.search import Search
from graphgen.symmetry.tree import Builder, Tree
from graphgen.symmetry.tuples import Tuples

Grown = Callable[[list[int], list[set[int]]], int]


class Decomposition:
    """A coloured graph that falls into parts.

    `plain` are colours that do not depend on names, by which representatives are chosen. `grown` is
    told the labels and the neighbours of vertices that are added, and gives their plain colour.
    """

    def __init__(
        self, colour: Words, plain: Words, rows: list[Row], search: Search, grown: Grown | None
    ) -> None:
        self.colour, self.plain, self.rows = colour, plain, rows
        self.search, self.grown = search, grown
        self.part: Ints = np.zeros(len(colour), dtype=np.int64)
        self.ids: list[int] = []
        self.chain = [self.part]
        self.told: dict[int, list[int]] = {}
        self.rounds: dict[int, int] = {}
        self.searched: list[Tree] = []

    def tree(self) -> Tree:
        """Find the parts."""
        round_ = 0
        while True:
            self.colour, ids = refine(self.colour, self.part, self.rows)
            self.ids = ids.tolist()
            self.rows, part = split(self.ids, self.rows)
            if part.max(initial=-1) > self.part.max(initial=-1):
                self.part = part
                self.chain.append(part)
            elif not self.rows:
                builder = Builder(self.colour, self.told, self.rounds, self.searched)
                return builder.build(self.chain[:-1])
            else:
                self._say_less()
                round_ += 1
                self.rounds |= dict.fromkeys(self.told.keys() - self.rounds.keys(), round_)

    def _say_less(self) -> None:
        found = relations(self.ids, self.rows)
        big = [
            piece.rows
            for relation in found
            if relation.fine
            for piece in relation.pieces
            if len(piece.sources) > 1 and len(piece.targets) > 1
        ]
        matchings = [relation for relation in found if relation.is_matching]
        if matchings:
            self._contract(matchings)
        elif big:
            self._add_hubs(big)
        else:
            taken = Tuples(self.colour, self.plain, found)
            self.told |= taken.told
            if taken.told:
                self.rows = taken.rows(self.rows)
                self.colour = self.colour.copy()
                self.colour[list(taken.colours)] = list(taken.colours.values())
            elif not self._searched():
                self._keep_in_place()

    def _contract(self, matchings: list[Relation]) -> None:
        """Let matched nodes follow one of them, and leave the matchings out."""
        used: set[int] = set()
        classes, knots = Union(), Union()
        for relation in sorted(matchings, key=self._rank):  # no circles, whatever the names
            if classes.join(relation.source, relation.target):
                for piece in relation.pieces:
                    knots.join(*piece.sources, *piece.targets)
                    used |= {id(row) for row in piece.rows}
        members: dict[int, list[int]] = {}
        for relation in matchings:
            for piece in relation.pieces:
                for v in (*piece.sources, *piece.targets):
                    members.setdefault(knots.find(v), []).append(v)
        stays = list(range(len(self.colour)))
        for knot in members.values():
            own = set(knot)
            often = Counter(int(self.plain[v]) for v in own)
            # Rather one that comes once in its knot, whatever the names.
            stay = min(own, key=lambda v: (often[int(self.plain[v])], *self._shade(v)))
            for v in own - {stay}:
                stays[v] = stay
                self.told[v] = [stay]
        again = {id(row) for relation in matchings for p in relation.pieces for row in p.rows}
        rows = []
        for row in self.rows:
            s, t = next(iter(row.sources)), next(iter(row.targets))
            if id(row) in used or (id(row) in again and stays[s] == stays[t]):
                continue  # it says nothing, or the same once more
            label = word((row.label, int(self.colour[s]), int(self.colour[t])))
            ends = ({stays[v]: w for v, w in end.items()} for end in (row.sources, row.targets))
            rows.append(Row(label, *ends))
        self.rows = rows

    def _shade(self, node: int) -> tuple[int, int]:
        return int(self.plain[node]), int(self.colour[node])

    def _rank(self, relation: Relation) -> tuple[object, ...]:
        piece = relation.pieces[0]
        shades = [self._shade(next(iter(end))) for end in (piece.sources, piece.targets)]
        return sorted(one for one, _ in shades), sorted(shades), relation.label, shades

    def _add_hubs(self, pieces: list[list[Row]]) -> None:
        """Put a vertex between the two sides of each biclique."""
        gone = {id(row) for piece in pieces for row in piece}
        rows = [row for row in self.rows if id(row) not in gone]
        labels, neighbours = [], []
        for hub, piece in enumerate(pieces, len(self.colour)):
            sources = {v: 1 for row in piece for v in row.sources}
            targets = {v: 1 for row in piece for v in row.targets}
            labels.append(word(("hub", piece[0].label)))
            neighbours.append(set(sources) | set(targets))
            rows += [
                Row(labels[-1], sources, {hub: 1}),
                Row(~labels[-1] % 2**64, {hub: 1}, targets),
            ]
        plain = self.grown(labels, neighbours) if self.grown else 0
        self.rows = rows
        self.colour = np.concatenate([self.colour, mix(np.array(labels, dtype=np.uint64))])
        self.plain = np.concatenate([self.plain, np.full(len(labels), plain, dtype=np.uint64)])
        beside = [min(own) for own in neighbours]
        self.part = np.concatenate([self.part, self.part[beside]])
        self.chain = [np.concatenate([part, part[beside]]) for part in self.chain]

    def _searched(self) -> bool:
        """Search what is left, part by part; say whether each was small enough."""
        parts: dict[int, list[Row]] = {}
        for row in self.rows:
            parts.setdefault(int(self.part[next(iter(row.sources))]), []).append(row)
        self.rows = []
        for part, rows in parts.items():
            found = self.search.ways(self, np.flatnonzero(self.part == part), rows)
            if found is None:
                self.rows += rows
            else:
                self.searched.append(found)
        return not self.rows

    def _keep_in_place(self) -> None:
        held = {v for row in self.rows for v in (*row.sources, *row.targets)}
        self.search.hold(held)
        self.colour = self.colour.copy()
        for v in held:
            self.colour[v] = word(("held", v))
        self.rows = []
