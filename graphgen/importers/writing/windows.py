"""Finds what stands in several places of a list: modules alike, or layers in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphgen.importers.writing.blocks import price, title_of
from graphgen.importers.writing.columns import Column, Key, Tree, first, last, lines_of
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.naming import nodes_of, prefix_of

LONGEST = 60
"""The most entries of a block without names that is found in several places."""
MOST_ENTRIES = 3_000
OVERHEAD = 4.0


@dataclass(frozen=True)
class Window:
    """Columns of the same forms at several places of a list, and how many lines a block saves."""

    length: int
    starts: tuple[int, ...]
    saved: float


def call_modules(graph: Graph, columns: list[Column], numbers: Iterator[int]) -> list[Column]:
    """Make calls of blocks of modules that are alike: small ones first, then those around them."""
    if len(columns[0].trees) > 1 or not any(graph.wanted):
        return columns
    refused: set[tuple[Key, ...]] = set()
    while (window := _best_module(graph, columns, refused)) is not None:
        columns = _called(graph, columns, window, next(numbers))
    return columns


def call_again(graph: Graph, columns: list[Column], numbers: Iterator[int]) -> list[Column]:
    """Make calls of blocks of layers without names that stand in several places."""
    if len(columns) > MOST_ENTRIES or len(columns[0].trees) > 1:
        return columns
    length = 2
    while length <= min(LONGEST, len(columns) // 2):
        window = _best_window(graph, columns, length)
        if window is None:
            length += 1
            continue
        columns = _called(graph, columns, window, next(numbers))
    return columns


def _best_module(
    graph: Graph, columns: Sequence[Column], refused: set[tuple[Key, ...]]
) -> Window | None:
    """Find the smallest modules of which a block saves lines."""
    found: dict[tuple[Key, ...], list[int]] = {}
    for start, stop in _modules(graph, columns):
        found.setdefault(tuple(c.key for c in columns[start:stop]), []).append(start)
    for keys, starts in sorted(found.items(), key=lambda row: len(row[0])):
        if len(starts) < 2 or keys in refused:
            continue
        saved = _saved(graph, columns, starts, len(keys))
        if saved > 0:
            return Window(len(keys), tuple(starts), saved)
        refused.add(keys)
    return None


def _modules(graph: Graph, columns: Sequence[Column]) -> Iterator[tuple[int, int]]:
    """Yield from where to where in a list each module stands, if it stands in one place."""
    owner: dict[int, int] = {}
    for place, column in enumerate(columns):
        owner |= dict.fromkeys(nodes_of(column.trees[0]), place)
    spans: dict[str, list[int]] = {}
    for node, name in enumerate(graph.wanted):
        parts = name.split(".")
        for depth in range(1, len(parts)):
            spans.setdefault(".".join(parts[:depth]), []).append(node)
    calls = {prefix_of(graph, c.trees[0]) for c in columns if c.key[0] == "call"}
    for prefix, nodes in spans.items():
        if len(nodes) < graph.beginning[prefix] or prefix in calls:
            continue  # a layer has the module's name, or a block is the module already
        path = tuple(prefix.split("."))
        start, stop = nodes[0], nodes[-1]
        while start > 0 and _lies_in(graph, start - 1, path):
            start -= 1
        while stop + 1 < len(graph.said) and _lies_in(graph, stop + 1, path):
            stop += 1
        inside = range(start, stop + 1)
        if any(graph.paths[node][: len(path)] != path for node in inside):
            continue
        a, b = owner[start], owner[stop]
        whole = first(columns[a].trees[0]) == start and last(columns[b].trees[0]) == stop
        if whole and b > a:
            yield a, b + 1


def _lies_in(graph: Graph, node: int, path: tuple[str, ...]) -> bool:
    return not graph.wanted[node] and graph.paths[node][: len(path)] == path


def _best_window(graph: Graph, columns: Sequence[Column], length: int) -> Window | None:
    """Find the window of a length that saves most lines, if any saves some."""
    ids: dict[Key, int] = {}
    forms = [ids.setdefault(column.key, len(ids)) for column in columns]
    named = [any(graph.wanted[n] for n in nodes_of(c.trees[0])) for c in columns]
    found: dict[tuple[int, ...], list[int]] = {}
    clear = 0
    for stop in range(1, len(columns) + 1):
        clear = 0 if named[stop - 1] else clear + 1
        if clear >= length:
            starts = found.setdefault(tuple(forms[stop - length : stop]), [])
            if not starts or starts[-1] + length <= stop - length:
                starts.append(stop - length)
    best: Window | None = None
    for starts in found.values():
        if len(starts) > 1:
            saved = _saved(graph, columns, starts, length)
            if saved > (best.saved if best else 0.0):
                best = Window(length, tuple(starts), saved)
    return best


def _saved(graph: Graph, columns: Sequence[Column], starts: Sequence[int], length: int) -> float:
    body = columns[starts[0] : starts[0] + length]
    lines = sum(lines_of(column.key) for column in body)
    bound = (len(starts) - 1) * lines - OVERHEAD - len(starts)
    if bound <= 0:
        return bound
    return bound - price(graph, body, [_tree(columns, start, length) for start in starts])


def _tree(columns: Sequence[Column], start: int, length: int) -> Tree:
    return tuple(column.trees[0] for column in columns[start : start + length])


def _called(graph: Graph, columns: Sequence[Column], window: Window, number: int) -> list[Column]:
    trees = [_tree(columns, start, window.length) for start in window.starts]
    keys = tuple(c.key for c in columns[window.starts[0] : window.starts[0] + window.length])
    key = ("call", number, keys, title_of(graph, trees))
    starts = dict(zip(window.starts, trees, strict=True))
    found, place = [], 0
    while place < len(columns):
        if place in starts:
            found.append(Column(key, [starts[place]]))
            place += window.length
        else:
            found.append(columns[place])
            place += 1
    return found
