"""Digits: what a run of nodes is a product of, and which of their items may stand for others."""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT = 3
"""As many items of a digit stand for all of its items."""


class Digit:
    """A factor of a span of nodes; digits that one axis of a block runs over are one.

    Nothing in a block depends on how many items a digit has, so that a few stand for all of them,
    unless it is `whole`. Items that are told apart are `named`: the symmetries leave each where it
    is. Those of a digit that is `pinned` are kept in place, whatever could be said of them.
    """

    def __init__(self, size: int, like: Digit | None = None) -> None:
        self.size = size
        self.whole: bool = like is not None and like.whole
        self.named: bool = like is not None and like.named
        self.pinned: bool = like is not None and like.pinned
        self.number = -1
        self._same: Digit | None = None
        self._cuts: tuple[Digit, Digit] | None = None

    @property
    def root(self) -> Digit:
        """The digit that this one has become one with."""
        root = self
        while root._same is not None:
            root = root._same
        if self is not root:
            self._same = root
        return root

    @property
    def kept(self) -> int:
        """The number of items that stand for all."""
        return self.size if self.whole else min(self.size, KEPT)

    def parts(self) -> list[Digit]:
        """List what it was cut into, outermost first."""
        root = self.root
        return [root] if root._cuts is None else [p for c in root._cuts for p in c.parts()]

    def cut(self, inner: int) -> None:
        """Cut it in two, the inner one of this size."""
        root = self.root
        root._cuts = Digit(root.size // inner, root), Digit(inner, root)

    def become(self, other: Digit) -> None:
        """Make it one with another, of the same size."""
        other.whole |= self.whole
        other.named |= self.named
        other.pinned |= self.pinned
        self._same = other


def tie(first: list[Digit], second: list[Digit]) -> bool:
    """Make two runs of digits one; say whether their cuts nest."""
    left = [p for d in first for p in d.parts()]
    right = [p for d in second for p in d.parts()]
    while left and right:
        left, right = [*left[0].parts(), *left[1:]], [*right[0].parts(), *right[1:]]
        a, b = left[0], right[0]
        if a.size == b.size:
            if a is not b:
                b.become(a)
            left, right = left[1:], right[1:]
        elif a.size % b.size == 0:
            a.cut(a.size // b.size)
        elif b.size % a.size == 0:
            b.cut(b.size // a.size)
        else:
            return False
    return not left and not right


class OddDigits(Exception):  # noqa: N818
    """Digits that may not shrink, or that are `held`: what they tell apart cannot be decided."""

    def __init__(self, digits: set[int], held: bool = False) -> None:
        super().__init__(digits, held)
        self.digits, self.held = digits, held


@dataclass
class Span:
    """A stretch of nodes, from `start` of their group on, as a product of digits."""

    start: int
    size: int
    digit: Digit = field(init=False)

    def __post_init__(self) -> None:
        self.digit = Digit(self.size)

    def parts(self) -> list[tuple[Digit, int]]:
        """List its digits with their strides, outermost first."""
        result = []
        inner = self.size
        for part in self.digit.parts():
            inner //= part.size
            result.append((part, inner))
        return result

    def cut_at(self, inner: int) -> bool:
        """Cut its digits such that one has this stride; say whether their cuts nest."""
        for part, stride in self.parts():
            if inner in (stride, stride * part.size):
                return True
            if stride < inner < stride * part.size:
                if inner % stride or (stride * part.size) % inner:
                    return False
                part.cut(inner // stride)
                return True
        return inner == 1

    def over(self, stride: int, size: int) -> list[Digit]:
        """List the digits that a coordinate of this stride and size runs over."""
        return [part for part, own in self.parts() if stride <= own < stride * size]
