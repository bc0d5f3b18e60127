"""Blocks: what stands in several places, or is repeated and has names or an input of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

from graphgen.importers.writing.columns import Column, Key, Tree, first, last, places
from graphgen.importers.writing.expressions import free
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.naming import is_own, nodes_of, prefix_of
from spec.layer import LAYERS
from spec.structures import STRUCTURES


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
            body = [Column(("call", next(numbers), keys, _title(graph, trees)), trees)]
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


def reads_own_input(graph: Graph, body: Sequence[Column], trees: Sequence[Tree]) -> bool:
    """Say whether a turn names what came before it, which differs from turn to turn."""
    starts = [first(tree) for tree in trees]
    for place in places(body):
        for k in range(len(graph.reads[place.nodes[0]])):
            outside = {
                graph.reads[node][k]
                for node, owner in zip(place.nodes, place.owners, strict=True)
                if graph.reads[node][k][0] < starts[owner]
                and graph.reads[node] != ((node - 1, ""),)
            }
            if len(outside) > 1:
                return True
    return False


def _title(graph: Graph, trees: Sequence[Tree]) -> str:
    """Name a block after the modules that it is made of: `encoder.layer.3` gives `layer`."""
    words = {
        tuple(re.sub(r"[^A-Za-z_]", "", part) for part in prefix_of(graph, tree).split("."))
        for tree in trees
    }
    found = []
    for word in min((row for row in words if any(row)), default=()):
        plain = word.strip("_").lower()
        singular = plain[:-1] if plain.endswith("s") and not plain.endswith("ss") else plain
        found += [singular or plain] if plain else []
    return "_".join(found[-3:]) or "block"


def titles_of(keys: dict[int, Key]) -> dict[int, str]:
    """Give each block a name of its own, which no layer and no structure has."""
    layers = {*LAYERS, *STRUCTURES}
    bases = {number: key[3].split("_") for number, key in keys.items()}
    found: dict[int, str] = {}
    for number, words in bases.items():
        taken = {*layers, *found.values()}
        options = ["_".join(words[-n:]) for n in range(1, len(words) + 1)]
        fitting = [
            name
            for name in options
            if name not in taken
            and all(
                name != "_".join(w[-name.count("_") - 1 :]) for w in bases.values() if w != words
            )
        ]
        found[number] = (
            fitting[0]
            if fitting
            else free(options[-1] if options[-1] not in layers else "block", taken)
        )
    return found


__all__ = ["call_repeated", "count", "last", "nodes_of", "reads_own_input", "titles_of"]
