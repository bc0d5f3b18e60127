"""Unknown factors: which are one, which are one over another, and what each may be."""

from __future__ import annotations


class Unknowns:
    """Positive or negative factors, numbered, of which some are powers (1 or -1) of others."""

    def __init__(self) -> None:
        self.parent: list[tuple[int, int]] = []
        self.positive: list[bool] = []
        self.unit: list[bool] = []

    def new(self) -> int:
        """Add an unknown that may be any number but 0."""
        self.parent.append((len(self.parent), 1))
        self.positive.append(False)
        self.unit.append(False)
        return len(self.parent) - 1

    def find(self, unknown: int) -> tuple[int, int]:
        """Give the unknown that this one is a power of, and the power."""
        power, path = 1, []
        while self.parent[unknown][0] != unknown:
            path.append((unknown, power))
            unknown, power = self.parent[unknown][0], power * self.parent[unknown][1]
        for other, before in path:
            self.parent[other] = unknown, power * before
        return unknown, power

    def equate(self, first: int, second: int, power: int = 1) -> None:
        """Let the first be a power of the second."""
        (a, p), (b, q) = self.find(first), self.find(second)
        if a == b:
            if p != q * power:
                self.unit[a] = True
            return
        self.parent[a] = b, p * q * power
        self.positive[b] |= self.positive[a]
        self.unit[b] |= self.unit[a]

    def require_positive(self, unknown: int) -> None:
        """Exclude negative numbers."""
        self.positive[self.find(unknown)[0]] = True

    def require_unit(self, unknown: int) -> None:
        """Exclude all but 1 and -1."""
        self.unit[self.find(unknown)[0]] = True

    def fix(self, unknown: int) -> None:
        """Let it be 1."""
        self.require_positive(unknown)
        self.require_unit(unknown)

    def fixed(self, unknown: int) -> bool:
        """Say whether it is 1."""
        root = self.find(unknown)[0]
        return self.positive[root] and self.unit[root]

    def roots(self) -> list[int]:
        """List the unknowns that may be chosen."""
        return [u for u in range(len(self.parent)) if self.find(u)[0] == u and not self.fixed(u)]
