"""Finds what is repeated: the same layers several times in a row, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphgen.importers.writing.columns import (
    Column,
    Key,
    Tree,
    first,
    lines_of,
    repeated,
)
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.repeat_costs import cost_of
from graphgen.importers.writing.scopes import calls_in

LEAST_SAVED = 1.5
"""The fewest lines that a repetition must save."""
OVERHEAD, OVERHEAD_OF_CALL = 3.0, 0.3
MOST_TRIED = 400
MOST_TURNS = 1_000


@dataclass(frozen=True)
class Run:
    """`times` turns of `period` columns from `start` on, and how many lines they save at most."""

    start: int
    period: int
    times: int
    bound: float

    @property
    def stop(self) -> int:
        """Where it ends."""
        return self.start + self.period * self.times


def fold(graph: Graph, columns: list[Column]) -> list[Column]:
    """Give a list in which what is repeated is written once, within it and within its turns.

    Short turns come first, then longer ones in which these stand, and so on.
    """
    while (run := best_run(graph, columns)) is not None:
        whole = repeated(columns[run.start : run.stop], run.period)
        columns = [*columns[: run.start], whole, *columns[run.stop :]]
    return columns


def fold_blocks(graph: Graph, columns: list[Column]) -> list[Column]:
    """Write once what is repeated within blocks, alike in all calls."""
    forms: dict[int, Key] = {}
    trees: dict[int, list[Tree]] = {}
    for column in columns:
        for tree in column.trees:
            for key, called in calls_in(column.key, tree):
                forms[key[1]] = key
                trees.setdefault(key[1], []).append(called)
    keys: dict[int, tuple[Key, ...]] = {}
    folded: dict[tuple[int, int], Tree] = {}
    for number, key in forms.items():
        body = fold(graph, Column(key, trees[number]).body())
        keys[number] = tuple(column.key for column in body)
        rows = zip(*(column.trees for column in body), strict=True)
        for tree, row in zip(trees[number], rows, strict=True):
            folded[number, first(tree)] = tuple(row)

    def form(key: Key) -> Key:
        if key[0] == "leaf":
            return key
        if key[0] == "repeat":
            return ("repeat", tuple(map(form, key[1])))
        return ("call", key[1], tuple(map(form, keys[key[1]])), key[3])

    def rebuilt(key: Key, tree: Tree) -> Tree:
        if key[0] == "leaf":
            return tree
        if key[0] == "repeat":
            return tuple(
                tuple(rebuilt(k, item) for k, item in zip(key[1], turn, strict=True))
                for turn in tree
            )
        row = folded[key[1], first(tree)]
        return tuple(rebuilt(k, item) for k, item in zip(keys[key[1]], row, strict=True))

    return [Column(form(c.key), [rebuilt(c.key, tree) for tree in c.trees]) for c in columns]


def best_run(graph: Graph, columns: Sequence[Column]) -> Run | None:
    """Find a repetition that saves lines: of those with the shortest turns the best."""
    best, most, period, tried = None, LEAST_SAVED, 0, 0
    for run in sorted(runs(columns), key=lambda run: (run.period, -run.bound)):
        if best is not None and run.period > period:
            break
        if run.bound <= most or (run.period == period and tried > MOST_TRIED):
            continue
        period, tried = run.period, tried + 1 if run.period == period else 0
        saved = run.bound - cost_of(graph, columns[run.start : run.stop], run.times)
        if saved > most:
            best, most = run, saved
    return best


def runs(columns: Sequence[Column]) -> Iterator[Run]:
    """Yield all repetitions by form alone: from each place at which the most turns fit."""
    numbers: dict[object, int] = {}
    ids = np.array([numbers.setdefault(c.key, len(numbers)) for c in columns], dtype=np.int64)
    lines = np.concatenate([[0], np.cumsum([lines_of(c.key) for c in columns])])
    for period in range(1, len(ids) // 2 + 1):
        equal = np.concatenate([[False], ids[:-period] == ids[period:], [False]])
        if not equal.any():
            continue
        edges = np.flatnonzero(equal[1:] != equal[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            length = stop - start
            times = min(length // period + 1, MOST_TURNS)
            if times < 2:
                continue
            for at in range(start, stop + period - times * period + 1):
                body = float(lines[at + period] - lines[at])
                called = period == 1 and columns[at].key[0] == "call"
                overhead = OVERHEAD_OF_CALL if called else OVERHEAD
                yield Run(at, period, times, (times - 1) * body - overhead)
