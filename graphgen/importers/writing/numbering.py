"""Numbers: what entries without a name are called, and which names are those numbers anyway."""

from __future__ import annotations

from collections.abc import Mapping

from graphgen.importers.writing.columns import Key, Tree, first
from graphgen.importers.writing.naming import Names
from graphgen.importers.writing.scopes import Scope, standing

Numbers = dict[int, int]
"""The number of each entry in its list, by the place of its first node."""


def numbers_of(scope: Scope) -> Numbers:
    """Number the leaves and calls of a scope, in each instance from 0 on."""
    found: Numbers = {}
    for owner in range(len(scope.starts)):
        number = 0
        for column in scope.columns:
            number = _count(column.key, column.trees[owner], number, found)
    return found


def _count(key: Key, tree: Tree, number: int, found: Numbers) -> int:
    if key[0] != "repeat":
        found[first(tree)] = number
        return number + 1
    for turn in tree:
        for inner, item in zip(key[1], turn, strict=True):
            number = _count(inner, item, number, found)
    return number


def settle_numbers(names: Names, scopes: Mapping[int, Scope]) -> set[tuple[int, int]]:
    """Name what would have the number of another; give what has its number for a name anyway.

    That need not be written: a node as `(0, node)`, a call as `(block, first node)`. All others
    have names, in the end: their numbers.
    """
    silent: set[tuple[int, int]] = set()
    taken = {*names.nodes.values(), *names.calls.values(), *names.graph.inputs}
    for scope in scopes.values():
        numbers = numbers_of(scope)
        for one in standing(scope.columns, len(scope.starts)):
            if one.column.repeats:
                continue
            block = 0 if one.column.is_leaf else one.column.key[1]
            places = [first(tree) for tree in one.column.trees]
            full = [
                f"{scope.prefixes[owner]}{numbers[place]}"
                for place, owner in zip(places, one.owners, strict=True)
            ]
            if block:
                given = [names.calls[block, place] for place in places]
            else:
                given = [names.nodes.get(place, "") for place in places]
            if not block and not given[0]:
                if taken.intersection(full):
                    own = names.made(scope, one)
                    full = [
                        scope.prefixes[owner] + local
                        for owner, local in zip(one.owners, own, strict=True)
                    ]
                    scope.used |= {*own}
                else:
                    silent |= {(0, place) for place in places}
                names.nodes |= dict(zip(places, full, strict=True))
                taken |= {*full}
            elif given == full:
                silent |= {(block, place) for place in places}
    return silent
