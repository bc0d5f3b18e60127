"""Unknown factors: which are one, which are one over another, and what each may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.int64]


class Unknowns:
    """Positive or negative factors, numbered, of which some are powers (1 or -1) of others.

    `positive` and `unit` say of those that stand for others whether they may be negative, and
    whether they may be more than 1 and -1.
    """

    def __init__(self) -> None:
        self.count = 0
        self.parent = np.empty(0, dtype=np.int64)
        self.power = np.empty(0, dtype=np.int8)
        self.positive = np.empty(0, dtype=np.bool_)
        self.unit = np.empty(0, dtype=np.bool_)

    def new(self, count: int) -> Numbers:
        """Add unknowns that may be any numbers but 0."""
        added = np.arange(self.count, self.count + count, dtype=np.int64)
        self.count += count
        if self.count > len(self.parent):
            room = max(self.count - len(self.parent), len(self.parent) // 4)
            self.parent = np.append(self.parent, np.empty(room, dtype=np.int64))
            self.power = np.append(self.power, np.ones(room, dtype=np.int8))
            self.positive = np.append(self.positive, np.zeros(room, dtype=np.bool_))
            self.unit = np.append(self.unit, np.zeros(room, dtype=np.bool_))
        self.parent[added] = added
        return added

    def find(self, unknown: int) -> tuple[int, int]:
        """Give the unknown that this one is a power of, and the power."""
        roots, powers = self.find_all(np.array([unknown]))
        return int(roots[0]), int(powers[0])

    def find_all(self, unknowns: Numbers) -> tuple[Numbers, NDArray[np.int8]]:
        """Give the unknowns that these are powers of, and the powers."""
        roots = unknowns
        powers = np.ones(unknowns.shape, dtype=np.int8)
        while True:
            above = self.parent[roots]
            if np.array_equal(above, roots):
                break
            # Each goes up two steps, and is tied to where it came.
            step = self.power[roots] * self.power[above]
            self.parent[roots], self.power[roots] = self.parent[above], step
            powers, roots = powers * step, self.parent[roots]
        self.parent[unknowns], self.power[unknowns] = roots, powers
        return roots, powers

    def equate(self, first: Numbers, second: Numbers, power: int = 1) -> None:
        """Let each of the first be a power of the one beside it."""
        while True:
            (a, p), (b, q) = self.find_all(first), self.find_all(second)
            between = p * q * np.int8(power)
            same = a == b
            self.unit[a[same & (between < 0)]] = True
            if same.all():
                return
            # The one of a greater number becomes a power of the other, so that no circle closes.
            first, second, a, b = first[~same], second[~same], a[~same], b[~same]
            high, low = np.maximum(a, b), np.minimum(a, b)
            high, chosen = np.unique(high, return_index=True)
            low = low[chosen]
            self.parent[high], self.power[high] = low, between[~same][chosen]
            roots = self.find_all(high)[0]
            self.positive[roots[self.positive[high]]] = True
            self.unit[roots[self.unit[high]]] = True

    def require_positive(self, unknowns: Numbers) -> None:
        """Exclude negative numbers."""
        self.positive[self.find_all(unknowns)[0]] = True

    def require_unit(self, unknowns: Numbers) -> None:
        """Exclude all but 1 and -1."""
        self.unit[self.find_all(unknowns)[0]] = True

    def fix(self, unknowns: Numbers) -> None:
        """Let them be 1."""
        roots = self.find_all(unknowns)[0]
        self.positive[roots] = self.unit[roots] = True

    def fixed(self, unknowns: ArrayLike) -> NDArray[np.bool_]:
        """Say which of them are 1."""
        roots = self.find_all(np.asarray(unknowns, dtype=np.int64).reshape(-1))[0]
        fixed = self.positive[roots] & self.unit[roots]
        return fixed.reshape(np.shape(unknowns))

    def roots(self) -> Numbers:
        """List the unknowns that may be chosen."""
        own = np.arange(self.count, dtype=np.int64)
        free = ~(self.positive & self.unit)[: self.count]
        chosen: Numbers = own[(self.parent[: self.count] == own) & free]
        return chosen


def distinct(unknowns: Numbers, scratch: Numbers) -> Numbers:
    """List each of some unknowns once, in time of their number; writes to one place for each."""
    places = np.arange(len(unknowns))
    scratch[unknowns] = places
    once: Numbers = unknowns[scratch[unknowns] == places]
    return once
