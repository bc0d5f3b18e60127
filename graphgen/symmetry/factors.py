"""Factors: an axis of neurons as nested parts that are permuted as wholes, tied across axes."""

from __future__ import annotations

from math import prod

from graphgen.errors import GraphError


class Factor:
    """A part of an axis, of `size` items that a symmetry may exchange unless `fixed`.

    The first `held` items stay in any case. Factors that are tied share one root; a factor that
    was cut has children in its place.
    """

    def __init__(self, size: int, fixed: bool = False) -> None:
        self.size = size
        self.fixed = fixed
        self.held = 0
        self.tied_to: Factor | None = None
        self.children: tuple[Factor, Factor] | None = None

    def root(self) -> Factor:
        """Give the factor that stands for all that are tied to this one."""
        factor = self
        while factor.tied_to is not None:
            factor = factor.tied_to
        return factor

    @property
    def movable(self) -> int:
        """The number of items that may be exchanged."""
        return 0 if self.fixed else self.size - self.held

    def parts(self) -> list[Factor]:
        """List the uncut factors that this one consists of, outermost first."""
        root = self.root()
        if root.children is None:
            return [root]
        return [part for child in root.children for part in child.parts()]

    def cut(self, inner: int) -> None:
        """Cut an uncut factor into runs of `inner` items."""
        root = self.root()
        fixed = root.fixed or root.held > 0
        root.children = (Factor(root.size // inner, fixed), Factor(inner, fixed))


class FactoredAxis:
    """An axis of neurons, as a nest of factors."""

    def __init__(self, size: int, fixed: bool) -> None:
        self.size = size
        self.factor = Factor(size, fixed)

    def parts(self) -> list[Factor]:
        """List the factors, outermost first."""
        return self.factor.parts()

    def cut_at(self, inner: int) -> None:
        """Make a boundary between factors such that those inside have `inner` items together."""
        size = 1
        for part in reversed(self.parts()):
            if size == inner:
                return
            after = size * part.size
            if inner < after:
                if inner % size or after % inner:
                    raise GraphError(
                        f"two groupings of one axis of {self.factor.root().size} neurons do not "
                        f"nest: runs of {inner} and of {after}; their symmetry is not supported"
                    )
                part.cut(inner // size)
                return
            size = after

    def fix(self) -> None:
        """Let nothing on this axis be exchanged."""
        for part in self.parts():
            part.fixed = True

    def stretch(self, stride: int, size: int) -> list[Factor]:
        """List the factors that a coordinate of this stride and size runs over."""
        self.cut_at(stride)
        self.cut_at(stride * size)
        result = []
        inner = 1
        for part in reversed(self.parts()):
            if stride <= inner < stride * size:
                result.append(part)
            inner *= part.size
        return result[::-1]


def tie(first: list[Factor], second: list[Factor]) -> None:
    """Let two runs of factors be permuted together, cutting them where only one is cut."""
    left = [part for factor in first for part in factor.parts()]
    right = [part for factor in second for part in factor.parts()]
    while left and right:
        # A factor may come twice, and have been cut the first time.
        left = [*left[0].parts(), *left[1:]]
        right = [*right[0].parts(), *right[1:]]
        a, b = left[0].root(), right[0].root()
        if a.size == b.size:
            if a is not b:
                a.fixed = a.fixed or b.fixed
                a.held = max(a.held, b.held)
                b.tied_to = a
            left, right = left[1:], right[1:]
        elif a.size % b.size == 0:
            a.cut(a.size // b.size)
            left = [*a.parts(), *left[1:]]
        elif b.size % a.size == 0:
            b.cut(b.size // a.size)
            right = [*b.parts(), *right[1:]]
        else:
            raise GraphError(
                f"groupings into {a.size} and {b.size} of tied axes do not nest; "
                "their symmetry is not supported"
            )


def total(parts: list[Factor]) -> int:
    """Count the items of nested factors."""
    return prod(part.size for part in parts)
