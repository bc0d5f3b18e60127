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


def settle_numbers(names: Names, scopes: Mapping[int, Scope]) -> set[int]:
    """Name what would have the number of another, and give the nodes whose names are numbers.

    The latter need not be written. All others have names, in the end: their numbers.
    """
    silent: set[int] = set()
    taken = {*names.nodes.values(), *names.calls.values(), *names.graph.inputs}
    for scope in scopes.values():
        numbers = numbers_of(scope)
        for one in standing(scope.columns, len(scope.starts)):
            if one.column.repeats or not one.column.is_leaf:
                continue
            nodes = one.column.trees
            full = [
                f"{scope.prefixes[owner]}{numbers[node]}"
                for node, owner in zip(nodes, one.owners, strict=True)
            ]
            if nodes[0] not in names.nodes:
                if not taken.intersection(full):
                    silent |= {*nodes}
                else:
                    layer = names.graph.said[nodes[0]].node.layer
                    suffix = 0
                    while taken.intersection(full) or suffix == 0:
                        suffix += 1
                        full = [
                            f"{scope.prefixes[owner]}{layer}{suffix}_{numbers[node]}"
                            for node, owner in zip(nodes, one.owners, strict=True)
                        ]
                names.nodes |= dict(zip(nodes, full, strict=True))
                taken |= {*full}
            elif all(names.nodes[node] == name for node, name in zip(nodes, full, strict=True)):
                silent |= {*nodes}
    return silent
