"""Blocks: what stands in several places, or is repeated and has names or an input of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

from graphgen.importers.writing.columns import Column, Key, Tree, first, last, places
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.naming import is_own, nodes_of, prefix_of, reads_own_input
from graphgen.importers.writing.scopes import Scope, calls_in, entered
from graphgen.importers.writing.variables import UnwritableError, free
from spec.layer import LAYERS
from spec.structures import STRUCTURES

MOST_ENTERING = 3
MOST_ARGUMENTS = 6
MOST_UNROLLED = 5
MOST_KINDS = 3
PRICE_OF_ONE = 6.0
"""What one block in the place of two may cost."""


def call_repeated(graph: Graph, columns: list[Column], numbers: Iterator[int]) -> list[Column]:
    """Make calls of blocks of what is repeated, where it has names or an input of its own."""
    found = []
    for column in columns:
        if not column.repeats:
            found.append(column)
            continue
        body = call_repeated(graph, column.body(), numbers)
        if _is_block(graph, body):
            trees = [tuple(row) for row in zip(*(c.trees for c in body), strict=True)]
            keys = tuple(c.key for c in body)
            body = [Column(("call", next(numbers), keys, title_of(graph, trees)), trees)]
        found.append(column.with_body(body))
    return found


def _is_block(graph: Graph, body: Sequence[Column]) -> bool:
    if len(body) == 1 and body[0].key[0] == "call":
        return False
    trees = [tuple(row) for row in zip(*(c.trees for c in body), strict=True)]
    prefixes = [prefix_of(graph, tree) for tree in trees]
    named = len(body) > 1 and len({*prefixes}) == len(prefixes)
    if named and all(is_own(graph, *pair) for pair in zip(prefixes, trees, strict=True)):
        return True
    return reads_own_input(graph, body, trees)


def title_of(graph: Graph, trees: Sequence[Tree]) -> str:
    """Name a block after its modules: `encoder.layer.3` gives `encoder/layer`."""
    paths = [prefix.split(".") for prefix in (prefix_of(graph, tree) for tree in trees) if prefix]
    depths = {len(path) for path in paths}
    if len(depths) != 1:
        return _by_kinds(graph, trees[0])
    found = []
    for words in zip(*paths, strict=True):
        shared = _beginning(words)
        plain = re.sub(r"[^A-Za-z_]", "", shared).strip("_").lower()
        singular = plain[:-1] if plain.endswith("s") and not plain.endswith("ss") else plain
        found += [singular or plain] if plain else []
    return "/".join(found[-3:]) or _by_kinds(graph, trees[0])


def _beginning(words: Sequence[str]) -> str:
    """Give what words begin with."""
    letters = zip(*words, strict=False)
    return "".join(row[0] for row in takewhile(lambda row: len({*row}) == 1, letters))


def _by_kinds(graph: Graph, tree: Tree) -> str:
    """Name a short block after its layers."""
    kinds = [graph.said[node].node.layer for node in nodes_of(tree)]
    return "_".join(kinds) if 1 < len(kinds) <= MOST_KINDS else "block"


def merged(graph: Graph, columns: list[Column]) -> list[Column]:
    """Make one block of those that are alike but for numbers, wherever they are called."""
    known: dict[Key, tuple[int, str]] = {}
    trees: dict[int, list[Tree]] = {}
    for column in columns:
        for tree in column.trees:
            for key, called in calls_in(column.key, tree):
                trees.setdefault(key[1], []).append(called)
    allowed: dict[tuple[int, int], bool] = {}

    def renumbered(key: Key) -> Key:
        if key[0] == "leaf":
            return key
        if key[0] == "repeat":
            return ("repeat", tuple(map(renumbered, key[1])))
        inner = tuple(map(renumbered, key[2]))
        number, title = known.setdefault(inner, (key[1], key[3]))
        if number != key[1]:
            pair = (number, key[1])
            if pair not in allowed:
                body = [Column(k, []) for k in key[2]]
                both = [*trees[number], *trees[key[1]]]
                allowed[pair] = price(graph, body, both) < PRICE_OF_ONE
                if allowed[pair]:
                    trees[number] = both
            if not allowed[pair]:
                return ("call", key[1], inner, key[3])
        return ("call", number, inner, title)

    return [Column(renumbered(column.key), column.trees) for column in columns]


def inlined(columns: list[Column]) -> list[Column]:
    """Write what is called in one place alone where it is called, but for what is repeated."""
    sites: Counter[int] = Counter()
    seen: set[int] = set()
    waiting = [column.key for column in columns]
    while waiting:
        key = waiting.pop()
        if key[0] == "call":
            sites[key[1]] += 1
            if key[1] not in seen:
                seen.add(key[1])
                waiting += key[2]
        elif key[0] == "repeat":
            waiting += key[1]
    return _inlined(columns, {number for number, count in sites.items() if count == 1})


def _inlined(columns: Sequence[Column], once: set[int], alone: bool = False) -> list[Column]:
    found: list[Column] = []
    for column in columns:
        if column.is_leaf:
            found.append(column)
        elif column.repeats:
            body = column.body()
            found.append(column.with_body(_inlined(body, once, alone=len(body) == 1)))
        elif column.key[1] in once and not alone:
            found += _inlined(column.body(), once)
        else:
            found.append(column.with_body(_inlined(column.body(), once)))
    return found


def unrolled(graph: Graph, columns: list[Column]) -> list[Column]:
    """Write a few calls one by one where no rule gives their names."""
    found: list[Column] = []
    for column in columns:
        body = column.body() if column.repeats else []
        single = len(body) == 1 and body[0].key[0] == "call" and len(column.trees) == 1
        if single and len(body[0].trees) <= MOST_UNROLLED:
            names = [prefix_of(graph, tree) for tree in body[0].trees]
            patterns = {re.sub(r"\d+", "0", name) for name in names}
            if len(patterns) > 1 or (len(body[0].trees) == 2 and not names[0]):
                found += [Column(body[0].key, [tree]) for tree in body[0].trees]
                continue
        found.append(column)
    return found


def price(graph: Graph, body: Sequence[Column], trees: Sequence[Tree]) -> float:
    """Give what arguments and inputs of a block cost; infinity where it cannot be one."""
    inside = [Column(column.key, [tree[c] for tree in trees]) for c, column in enumerate(body)]
    starts, ends = [first(tree) for tree in trees], [last(tree) for tree in trees]
    where: dict[int, int] = {}
    differing: set[str] = set()
    lists: set[str] = set()
    for number, place in enumerate(places(inside)):
        where |= dict.fromkeys(place.nodes, number)
        fields = [graph.said[node].fields for node in place.nodes]
        for name in dict.fromkeys(name for each in fields for name in each):
            vector = [repr(each.get(name)) for each in fields]
            if len({*vector}) > 1:
                differing.add(repr(vector))
                if any(isinstance(each.get(name), list) for each in fields):
                    lists.add(repr(vector))
        for node in place.nodes:
            if any(owner != node for owner, _ in graph.owners[node].values()):
                return float("inf")
        for k in range(len(graph.reads[place.nodes[0]])):
            kinds = {
                where.get(target[0], -2) if target[0] >= starts[owner] else -1
                for node, owner in zip(place.nodes, place.owners, strict=True)
                for target in [graph.reads[node][k]]
            }
            behind = all(graph.reads[node] == ((node - 1, ""),) for node in place.nodes)
            if len(kinds) > 1 and not behind:
                return float("inf")
    try:
        scope = entered(graph, Scope(-1, inside, starts, ends))
    except UnwritableError:
        return float("inf")
    if len(differing) > MOST_ARGUMENTS or len(scope.entering) > MOST_ENTERING:
        return float("inf")
    several = len(scope.entering) - 1
    return 0.5 * len(differing) + 0.7 * len(lists) * len(trees) + 1.0 * several


def titles_of(keys: dict[int, Key]) -> dict[int, str]:
    """Give each block a name of its own, which no layer and no structure has."""
    layers = {*LAYERS, *STRUCTURES}
    bases = {number: key[3].split("/") for number, key in keys.items()}
    found: dict[int, str] = {}
    for number, words in bases.items():
        taken = {*layers, *found.values()}
        options = ["_".join(words[-n:]) for n in range(1, len(words) + 1)]
        others = [w for w in bases.values() if w != words]
        fitting = [
            name
            for length, name in enumerate(options, start=1)
            if name not in taken and all("_".join(w[-length:]) != name for w in others)
        ]
        last_resort = options[-1] if options[-1] not in layers else "block"
        found[number] = fitting[0] if fitting else free(last_resort, taken)
    return found
