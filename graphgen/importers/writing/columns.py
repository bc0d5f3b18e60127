"""A network as columns: in each, what stands in one place, once for every instance of that place.

The whole network has one instance. What is repeated or called has many, all of the same form, so
that it is looked at, folded and written once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Key = tuple[Any, ...]
"""The form: `("leaf", kind)`, `("repeat", keys of the body)`, `("call", number, keys, prefix)`."""

Tree = Any
"""An instance: of a leaf the place of its node, of a repeat its turns, of a call its body."""


@dataclass(frozen=True)
class Column:
    """What stands in one place of a list: its form, and its instances in order."""

    key: Key
    trees: list[Tree]

    @property
    def is_leaf(self) -> bool:
        """Whether it is one node."""
        return bool(self.key[0] == "leaf")

    @property
    def keys(self) -> tuple[Key, ...]:
        """The forms of what stands in it."""
        found: tuple[Key, ...] = self.key[1] if self.key[0] == "repeat" else self.key[2]
        return found

    def body(self) -> list[Column]:
        """Give what stands in it, with the instances of all turns, or of all calls."""
        rows = [turn for tree in self.trees for turn in tree] if self.repeats else self.trees
        return [Column(key, [row[c] for row in rows]) for c, key in enumerate(self.keys)]

    @property
    def repeats(self) -> bool:
        """Whether it is a repetition."""
        return bool(self.key[0] == "repeat")

    @property
    def counts(self) -> list[int]:
        """How many turns each instance of a repetition has."""
        return [len(tree) for tree in self.trees]

    def with_body(self, columns: Sequence[Column]) -> Column:
        """Give it with another body, which has as many instances."""
        keys = tuple(column.key for column in columns)
        rows = [tuple(trees) for trees in zip(*(column.trees for column in columns), strict=True)]
        if not self.repeats:
            return Column((*self.key[:2], keys, *self.key[3:]), rows)
        turns = iter(rows)
        trees = [tuple(next(turns) for _ in range(count)) for count in self.counts]
        return Column(("repeat", keys), trees)


def first(tree: Tree) -> int:
    """Give the place of the first node of an instance."""
    while not isinstance(tree, int):
        tree = tree[0]
    return tree


def last(tree: Tree) -> int:
    """Give the place of the last node of an instance."""
    while not isinstance(tree, int):
        tree = tree[-1]
    return tree


def repeated(columns: Sequence[Column], period: int) -> Column:
    """Give the repetition of which `columns` are the turns, one after the other."""
    times = len(columns) // period
    count = len(columns[0].trees)
    trees = [
        tuple(tuple(columns[t * period + c].trees[j] for c in range(period)) for t in range(times))
        for j in range(count)
    ]
    return Column(("repeat", tuple(column.key for column in columns[:period])), trees)


@dataclass(frozen=True)
class Place:
    """A leaf within several instances of a list: its nodes, and in which instance each stands."""

    key: Key
    nodes: list[int]
    owners: list[int]


def places(columns: Sequence[Column], owners: list[int] | None = None) -> Iterator[Place]:
    """Yield the leaves of a list, in order."""
    for column in columns:
        own = list(range(len(column.trees))) if owners is None else owners
        if column.is_leaf:
            yield Place(column.key, column.trees, own)
        elif column.repeats:
            turns = [o for o, count in zip(own, column.counts, strict=True) for _ in range(count)]
            yield from places(column.body(), turns)
        else:
            yield from places(column.body(), own)


def lines_of(key: Key) -> int:
    """Give about how many lines it takes to write a form."""
    if key[0] == "leaf":
        return 1
    if key[0] == "repeat":
        return 3 + sum(map(lines_of, key[1]))
    return 1
