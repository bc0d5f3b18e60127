"""Which layer of one architecture is which of another's: by what it is, its place, and its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.rows import word
from spec import Architecture
from spec.architecture import ResolvedLayer, plain

Ints = NDArray[np.int64]

SILENT = ("identity",)
"""Layers that name a value, and do nothing."""
COMMUTING = ("add", "multiply", "maximum")
MOST_CELLS = 100_000_000
"""So many pairs of layers are compared at most; of larger networks names alone decide."""

TYPE, FIELDS, SOME_FIELDS, NAME, FAR, NEAR, OTHER = 8, 4, 2, 3, 3, 1, -3


class Listed:
    """The layers of an architecture, and for each a colour of what lies before and behind it."""

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.layers = [layer for layer in net.layers if layer.type not in SILENT]
        self.place = {layer.name: number for number, layer in enumerate(self.layers)}
        self.maker = {name: name for name in net.inputs}
        self.inputs: list[tuple[str, ...]] = []
        for layer in net.layers:
            inputs = tuple(self.made(name) for name in layer.inputs)
            if layer.type not in SILENT:
                self.inputs.append(inputs)
            own = inputs[0] if layer.type in SILENT else layer.name
            self.maker |= dict.fromkeys((layer.output, *layer.further), own)
        self.outputs = [self.made(name) for name in net.outputs]
        self.fields = [
            {key: plain(value) for key, value in layer.fields.items()} for layer in self.layers
        ]
        self.readers: list[list[int]] = [[] for _ in self.layers]
        for number, names in enumerate(self.inputs):
            for name in dict.fromkeys(names):
                if name in self.place:
                    self.readers[self.place[name]].append(number)

    def made(self, value: str) -> str:
        """Name the layer or the input that a value comes from."""
        return self.maker.get(value, value)

    @cached_property
    def columns(self) -> dict[str, list[int]]:
        """Words of each layer that are compared: its type, its fields, what is around it."""
        order = {name: number for number, name in enumerate(self.net.inputs)}
        own = [word((x.type, sorted(f.items(), key=str))) for x, f in
               zip(self.layers, self.fields, strict=True)]  # fmt: skip
        before: list[int] = []
        near = []
        for layer, names in zip(self.layers, self.inputs, strict=True):
            seen = [
                word((before[self.place[n]], own[self.place[n]])) if n in self.place else
                word(("input", order.get(n)))
                for n in names
            ]  # fmt: skip
            kinds = [self.layers[self.place[n]].type if n in self.place else "input" for n in names]
            commutes = layer.type in COMMUTING
            before.append(word(sorted(seen) if commutes else seen))
            near.append(word(sorted(kinds) if commutes else kinds))
        behind = [0] * len(self.layers)
        next_ = [0] * len(self.layers)
        ends: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(self.outputs):
            ends[name].append(number)
        for number in reversed(range(len(self.layers))):
            readers, out = self.readers[number], ends[self.layers[number].name]
            behind[number] = word((sorted(word((behind[r], own[r])) for r in readers), out))
            next_[number] = word((sorted(self.layers[r].type for r in readers), bool(out)))
        return {
            "type": [word(layer.type) for layer in self.layers],
            "fields": [word(sorted(f.items(), key=str)) for f in self.fields],
            "name": [word(layer.name) for layer in self.layers],
            "before": before, "near": near, "behind": behind, "next": next_,
        }  # fmt: skip


@dataclass(frozen=True)
class Alignment:
    """The layers of two architectures, and the pairs of places that are one layer."""

    first: Listed
    second: Listed
    pairs: tuple[tuple[int, int], ...]

    @cached_property
    def ours(self) -> dict[int, int]:
        """The place in the second of each layer of the first that is in both."""
        return dict(self.pairs)

    @cached_property
    def theirs(self) -> dict[int, int]:
        """The place in the first of each layer of the second that is in both."""
        return {b: a for a, b in self.pairs}

    def layers(self) -> list[tuple[ResolvedLayer, ResolvedLayer]]:
        """List the layers that are in both."""
        return [(self.first.layers[a], self.second.layers[b]) for a, b in self.pairs]


def aligned(a: Architecture, b: Architecture) -> Alignment:
    """Pair the layers of two architectures: in one order as far as that goes, then out of it."""
    first, second = Listed(a), Listed(b)
    n, m = len(first.layers), len(second.layers)
    scores = Scores(first, second)
    head = 0
    while head < min(n, m) and scores.same(head, head, "before"):
        head += 1
    tail = 0
    while tail < min(n, m) - head and scores.same(n - 1 - tail, m - 1 - tail, "behind"):
        tail += 1
    pairs = [(k, k) for k in range(head)]
    if (n - head - tail) * (m - head - tail) <= MOST_CELLS:
        pairs += scores.chain(range(head, n - tail), range(head, m - tail))
    pairs += [(n - tail + k, m - tail + k) for k in range(tail)]
    left = [sorted({*range(size)} - {pair[side] for pair in pairs}) for side, size in
            ((0, n), (1, m))]  # fmt: skip
    for keys in (
        ("type", "fields", "before", "behind"),
        ("type", "name"),
        ("type", "fields", "before"),
        ("type", "fields", "behind"),
    ):
        found = scores.out_of_order(left, keys)
        pairs += found
        left = [[k for k in side if k not in {pair[i] for pair in found}] for i, side in
                enumerate(left)]  # fmt: skip
    return Alignment(first, second, tuple(sorted(pairs)))


class Scores:
    """How much two layers have in common."""

    def __init__(self, first: Listed, second: Listed) -> None:
        self.first, self.second = first, second
        self.ours, self.theirs = (
            {key: np.array(column, dtype=np.uint64) for key, column in side.columns.items()}
            for side in (first, second)
        )

    def same(self, a: int, b: int, side: str) -> bool:
        """Say whether two layers, and all on one side of them, are the same but for names."""
        return all(self.ours[k][a] == self.theirs[k][b] for k in ("type", "fields", side, "name"))

    def row(self, a: int, columns: range) -> Ints:
        """Score a layer of the first against some of the second."""
        part = slice(columns.start, columns.stop)
        alike = {key: self.theirs[key][part] == self.ours[key][a] for key in self.ours}
        types = alike["type"]
        score: Ints = np.where(types, TYPE + FIELDS * alike["fields"], OTHER).astype(np.int64)
        for other in np.flatnonzero(types & ~alike["fields"]).tolist():
            one, two = self.first.fields[a], self.second.fields[columns.start + other]
            same = sum(one.get(key) == two.get(key) for key in {*one, *two})
            score[other] += SOME_FIELDS * same // max(len({*one, *two}), 1)
        score += NAME * alike["name"] + FAR * alike["before"] + FAR * alike["behind"]
        score += NEAR * alike["near"] + NEAR * alike["next"]
        return score

    def chain(self, rows: range, columns: range) -> list[tuple[int, int]]:
        """Find the pairs in one order that have most in common (Needleman & Wunsch 1970)."""
        if not rows or not columns:
            return []
        best: Ints = np.zeros(len(columns) + 1, dtype=np.int64)
        taken = np.zeros((len(rows), len(columns)), dtype=np.int8)
        for number, a in enumerate(rows):
            score = self.row(a, columns)
            together = np.where(score > 1, best[:-1] + score, 0)
            new = best.copy()
            new[1:] = np.maximum(best[1:], together)
            new = np.maximum.accumulate(new)
            up = np.where(new[1:] == best[1:], 1, 0)
            taken[number] = np.where(new[1:] == new[:-1], 2, up)
            best = new
        pairs = []
        i, j = len(rows), len(columns)
        while i and j:
            step = taken[i - 1, j - 1]
            if step == 0:
                pairs.append((rows[i - 1], columns[j - 1]))
            i, j = (i - 1, j - 1) if step == 0 else ((i - 1, j) if step == 1 else (i, j - 1))
        return pairs[::-1]

    def out_of_order(
        self, left: Sequence[Sequence[int]], keys: Sequence[str]
    ) -> list[tuple[int, int]]:
        """Pair what is left and agrees in some columns."""
        at: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for b in left[1]:
            at[tuple(int(self.theirs[key][b]) for key in keys)].append(b)
        pairs = []
        for a in left[0]:
            found = at.get(tuple(int(self.ours[key][a]) for key in keys))
            if found:
                pairs.append((a, found.pop(0)))
        return pairs
