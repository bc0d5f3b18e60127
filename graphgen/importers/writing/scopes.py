"""Lists with names of their own, the network's and each block's: what comes into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphgen.importers.writing.columns import Column, Key, Tree, first, last, places
from graphgen.importers.writing.graph import Graph, Target
from graphgen.importers.writing.variables import UnwritableError, free

MOST_INPUTS = 6


@dataclass
class Scope:
    """A list of columns, of which each instance has a prefix of names.

    `entering` are the values that each instance is given, one vector for each of its inputs;
    `names` what they are called inside. The network's own scope has neither.
    """

    number: int
    columns: list[Column]
    starts: list[int]
    ends: list[int]
    entering: list[list[Target]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    several: bool = False

    def current(self, node: int, owner: int) -> Target | None:
        """Give the value that stands before a node; None if it is not clear which."""
        if node != self.starts[owner]:
            return (node - 1, "")
        return None if self.several else self.entering[0][owner]


@dataclass
class Standing:
    """What stands in a list of a scope: a column, and the instance of the scope of each of its own.

    `coordinates` are those of its instances, and `loops` the depth of repetitions around it.
    """

    column: Column
    owners: list[int]
    coordinates: list[tuple[int, ...]]
    loops: int


def standing(columns: Sequence[Column], count: int) -> Iterator[Standing]:
    """Yield the leaves and calls of a scope, and its repetitions before their bodies."""
    yield from _standing(columns, [*range(count)], [(owner,) for owner in range(count)], 0)


def _standing(
    columns: Sequence[Column], owners: list[int], coordinates: list[tuple[int, ...]], loops: int
) -> Iterator[Standing]:
    for column in columns:
        yield Standing(column, owners, coordinates, loops)
        if column.repeats:
            counts = column.counts
            inner = [o for o, n in zip(owners, counts, strict=True) for _ in range(n)]
            turns = [
                (*at, turn) for at, n in zip(coordinates, counts, strict=True) for turn in range(n)
            ]
            yield from _standing(column.body(), inner, turns, loops + 1)


def scopes_of(graph: Graph, columns: list[Column]) -> dict[int, Scope]:
    """Give the network's scope as number 0, and that of each block by its number."""
    end = len(graph.said) - 1
    entering: list[list[Target]] = [[(-1, "")]]
    whole = Scope(0, columns, [0], [end], entering, several=len(graph.inputs) > 1, prefixes=[""])
    whole.used |= {*graph.inputs}
    found = {0: whole}
    trees: dict[int, list[Tree]] = {}
    forms: dict[int, Key] = {}
    for column in columns:
        for tree in column.trees:
            for key, called in calls_in(column.key, tree):
                trees.setdefault(key[1], []).append(called)
                forms[key[1]] = key
    for number, instances in trees.items():
        body = Column(forms[number], instances).body()
        starts, ends = [first(tree) for tree in instances], [last(tree) for tree in instances]
        found[number] = entered(graph, Scope(number, body, starts, ends))
    return found


def calls_in(key: Key, tree: Tree) -> Iterator[tuple[Key, Tree]]:
    """Yield the calls in an instance, each before those in it."""
    if key[0] == "leaf":
        return
    if key[0] == "call":
        yield key, tree
    for row in tree if key[0] == "repeat" else [tree]:
        for inner, item in zip(key[1] if key[0] == "repeat" else key[2], row, strict=True):
            yield from calls_in(inner, item)


def entered(graph: Graph, scope: Scope) -> Scope:
    """Find the values that come into a block from outside: those that differ between its calls.

    The first is what its first layer reads, if that is one value.
    """
    vectors: list[list[Target]] = []
    for place in places(scope.columns):
        for k in range(len(graph.reads[place.nodes[0]])):
            vector = _outside(graph, scope, place.nodes, place.owners, k)
            if vector is not None and vector not in vectors:
                vectors.append(vector)
    begins = [graph.reads[start] for start in scope.starts]
    if all(len(reads) == 1 for reads in begins):
        vector = [reads[0] for reads in begins]
        vectors = [vector, *(other for other in vectors if other != vector)]
    kept = [v for v in vectors if len({*v}) > 1] if len(vectors) > 1 else vectors
    if not kept:
        kept = [[(start - 1, "") if start else (-1, "") for start in scope.starts]]
    if len(kept) > MOST_INPUTS:
        raise UnwritableError("a block takes too many values")
    scope.entering, scope.several = kept, len(kept) > 1
    return scope


def _outside(
    graph: Graph, scope: Scope, nodes: list[int], owners: list[int], k: int
) -> list[Target] | None:
    """Give what a leaf reads from outside, for each instance; None if it reads from inside."""
    found: dict[int, Target] = {}
    for node, owner in zip(nodes, owners, strict=True):
        target = graph.reads[node][k]
        if target[0] < scope.starts[owner] and found.setdefault(owner, target) != target:
            raise UnwritableError("turns within a block read several values from outside")
    if not found:
        return None
    if len(found) < len(scope.starts):
        raise UnwritableError("instances of a block differ in what they read")
    return [found[owner] for owner in range(len(scope.starts))]


def name_inputs(scope: Scope) -> None:
    """Call what comes into a block `x`, `z` and so on; `y` is no text to every reader of YAML."""
    for place, _ in enumerate(scope.entering):
        base = ("x", "z", "u", "v", "w", "s")[place]
        name = free(base, scope.used)
        scope.used.add(name)
        scope.names.append(name)


__all__ = ["Scope", "Standing", "entered", "name_inputs", "scopes_of", "standing"]
