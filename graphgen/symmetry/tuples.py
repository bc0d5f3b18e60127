"""Classes of nodes that are all tuples of others, such as (query, key): they follow these."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import perm, prod

from graphgen.symmetry.rows import Relation, Row, Words, word

Map = dict[int, int]


@dataclass(frozen=True)
class Function:
    """A relation in which each node of a class has one node of the class `to`."""

    to: int
    label: int
    at: Map


class Tuples:
    """The classes that are taken out, none beside another: `told` says which nodes tell theirs.

    `colours` are new ones of theirs, which say how.
    """

    def __init__(self, colour: Words, plain: Words, relations: list[Relation]) -> None:
        self.told: dict[int, list[int]] = {}
        self.colours: dict[int, int] = {}
        self._edges: list[tuple[int, int, int]] = []
        self._members: dict[int, list[int]] = {}
        self._odd: set[int] = set()
        self._direct: dict[int, list[Function]] = {}
        self._over: dict[int, set[int]] = {}
        for relation in relations:
            self._enter(relation)
        self._shade = {
            c: (int(plain[own[0]]), int(colour[own[0]])) for c, own in self._members.items()
        }
        self._functions = {c: list(found) for c, found in self._direct.items()}
        for _ in range(3):  # (i, j, k) to (i, j) to i
            for c, found in self._functions.items():
                self._compose(c, found)
        done: set[int] = set()
        near: set[int] = set()
        for c in sorted(self._functions, key=lambda c: (-len(self._members[c]), self._shade[c])):
            beside = {f.to for f in self._direct[c]} | self._over.get(c, set())
            if not (c in self._odd or c in near or beside & done) and self._take(c):
                done.add(c)
                near |= beside

    def rows(self, rows: list[Row]) -> list[Row]:
        """Write rows without what is taken out, with edges that say the same."""
        kept = [
            Row(
                row.label,
                *({v: w for v, w in end.items() if v not in self.told} for end in row[1:]),
            )
            for row in rows
        ]
        edges = [Row(label, {s: 1}, {t: 1}) for s, t, label in self._edges]
        return [row for row in kept if row.sources and row.targets] + edges

    def _left(self, end: Map) -> Map:
        return {v: weight for v, weight in end.items() if v not in self.told}

    def _enter(self, relation: Relation) -> None:
        a, b, pieces = relation.source, relation.target, relation.pieces
        self._members[a] = sorted({v for piece in pieces for v in piece.sources})
        self._members[b] = sorted({v for piece in pieces for v in piece.targets})
        at: Map
        if relation.fine and a != b and all(len(piece.sources) == 1 for piece in pieces):
            own, to = b, a
            at = {v: u for piece in pieces for u in piece.sources for v in piece.targets}
        elif relation.fine and a != b and all(len(piece.targets) == 1 for piece in pieces):
            own, to = a, b
            at = {v: u for piece in pieces for u in piece.targets for v in piece.sources}
        else:
            self._odd |= {a, b}
            return
        self._direct.setdefault(own, []).append(Function(to, relation.label, at))
        self._over.setdefault(to, set()).add(own)

    def _compose(self, c: int, found: list[Function]) -> None:
        have = {(f.to, f.label) for f in found}
        for f in list(found):
            for g in self._direct.get(f.to, []):
                label = word((f.label, self._shade[f.to], g.label))
                if g.to != c and (g.to, label) not in have:
                    have.add((g.to, label))
                    found.append(Function(g.to, label, {v: g.at[w] for v, w in f.at.items()}))

    def _take(self, c: int) -> bool:
        """Take a class out, if its nodes are tuples; say whether they are."""
        parts = self._coordinates(c)
        edges = self._said(c, parts) if parts else None
        if not parts or edges is None:
            return False
        # An edge from a node to itself says nothing of nodes, but of what the coordinates are.
        loops = {label for s, t, label in edges if s == t}
        said = word((self._shade[c][1], [part.label for part in parts], sorted(loops)))
        self._edges += [edge for edge in edges if edge[0] != edge[1]]
        self.told |= {v: [part.at[v] for part in parts] for v in self._members[c]}
        self.colours |= dict.fromkeys(self._members[c], said)
        return True

    def _coordinates(self, c: int) -> list[Function] | None:
        """Find functions such that the nodes of a class are all tuples of values, each once."""
        own = self._members[c]
        parts: dict[tuple[int, ...], Function] = {}
        often = Counter(self._shade[f.to][0] for f in self._functions[c])
        # Rather to classes whose kind comes once, whatever the names.
        for f in sorted(
            self._functions[c],
            key=lambda f: (often[self._shade[f.to][0]], self._shade[f.to], f.label),
        ):
            names: Map = {}
            pattern = tuple(names.setdefault(f.at[v], len(names)) for v in own)
            if len(self._members[f.to]) < len(own):
                parts.setdefault(pattern, f)
        for count in (2, 3, 4):
            for chosen in combinations(parts.values(), count):
                if self._tells_each(own, chosen):
                    return list(chosen)
        return None

    def _tells_each(self, own: list[int], chosen: tuple[Function, ...]) -> bool:
        """Whether nodes are all tuples of values, or all whose values of one class differ."""
        times = Counter(f.to for f in chosen)
        sizes = {c: len(self._members[c]) for c in times}
        every = prod(n ** times[c] for c, n in sizes.items())
        apart = prod(perm(n, times[c]) for c, n in sizes.items())
        if len(own) not in (every, apart):
            return False
        tuples = {tuple((f.to, f.at[v]) for f in chosen) for v in own}
        return len(tuples) == len(own) and (
            len(own) == every or all(len(set(found)) == len(chosen) for found in tuples)
        )

    def _said(self, c: int, parts: list[Function]) -> list[tuple[int, int, int]] | None:
        """Say by other edges what the rows of a class say; None if its coordinates do not."""
        own, colour = self._members[c], self._shade[c][1]
        edges = []
        for f in self._direct[c]:
            if any(f is part for part in parts):
                continue
            places = [k for k, part in enumerate(parts) if is_function(part.at, f.at, own)][:1]
            if not places and not is_met(parts, f, own):
                return None
            for place in places or range(len(parts)):
                label = word(("told", f.label, colour, place))
                pairs = {(parts[place].at[v], f.at[v]) for v in own}
                edges += [(i, j, label) for i, j in sorted(pairs)]
        for x in sorted(self._over.get(c, ())):
            for f in self._direct[x]:
                if f.to == c:
                    for place, part in enumerate(parts):
                        label = word(("over", f.label, colour, place))
                        edges += [(v, part.at[w], label) for v, w in f.at.items()]
        return edges


def is_function(f: Map, g: Map, own: list[int]) -> bool:
    """Whether f of a node tells g of it."""
    seen: Map = {}
    return all(seen.setdefault(f[v], g[v]) == g[v] for v in own)


def is_met(parts: list[Function], f: Function, own: list[int]) -> bool:
    """Whether only one value of f comes with each of the values of several functions."""
    with_: list[dict[int, set[int]]] = [{} for _ in parts]
    for v in own:
        for part, found in zip(parts, with_, strict=True):
            found.setdefault(part.at[v], set()).add(f.at[v])
    met = (set.intersection(*(x[p.at[v]] for p, x in zip(parts, with_, strict=True))) for v in own)
    return all(len(found) == 1 for found in met)
