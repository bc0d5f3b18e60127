"""Extents: what runs along an axis, as sums and products of parts that are one wherever they come.

A concat puts extents side by side, a reshape makes products of them, and two axes along which items
meet are one. What is left when nothing needs a further cut are atoms: their items leave a network
one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod


class OddCutError(Exception):
    """A cut through an item of a product: it cannot be said by sums and products."""


class Extent:
    """So many items; an atom, a sum of extents side by side, or a product, outermost first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._same: Extent | None = None
        self._sum: list[Extent] = []
        self._product: list[Extent] = []

    @property
    def root(self) -> Extent:
        """The extent that this one has become one with."""
        root = self
        while root._same is not None:
            root = root._same
        if self is not root:
            self._same = root
        return root

    @property
    def terms(self) -> list[Extent]:
        """What lies side by side in it; nothing of an atom and of a product."""
        found = []
        for term in self.root._sum:
            found += term.terms or [term.root]
        return found

    @property
    def factors(self) -> list[Extent]:
        """What it is a product of, outermost first: itself, unless it is one."""
        own = self.root
        return [f for part in own._product for f in part.factors] or [own]

    @property
    def is_atom(self) -> bool:
        """Whether it has no parts."""
        return not self.root._sum and not self.root._product

    def cut(self, sizes: Sequence[int]) -> list[Extent]:
        """Make an atom a product of new atoms."""
        self.root._product = [Extent(size) for size in sizes]
        return self.root._product

    def become(self, other: Extent) -> None:
        """Make it one with another."""
        if self.root is not other.root:
            self.root._same = other.root


def product(factors: Sequence[Extent]) -> Extent:
    """Give the extent that is a product of others, outermost first."""
    flat = [f for part in factors for f in part.factors if f.size > 1]
    if len(flat) == 1:
        return flat[0]
    result = Extent(prod(f.size for f in flat))
    result._product = flat
    return result


def beside(terms: Sequence[Extent]) -> Extent:
    """Give the extent in which others lie side by side."""
    if len(terms) == 1:
        return terms[0].root
    result = Extent(sum(term.size for term in terms))
    result._sum = list(terms)
    return result


def split(extent: Extent, bounds: Sequence[int]) -> list[Extent]:
    """Cut an extent at some places inside; give the pieces. Raises `OddCutError`."""
    own = extent.root
    cuts = sorted({0, own.size, *bounds})
    if len(cuts) == 2:
        return [own]
    if own.is_atom:
        own._sum = [Extent(b - a) for a, b in pairwise(cuts)]
        return own.terms
    if own._sum:
        return _split_sum(own, cuts)
    first, *rest = own.factors
    inner = prod(f.size for f in rest)
    if any(bound % inner for bound in cuts):
        raise OddCutError
    return [product([piece, *rest]) for piece in split(first, [bound // inner for bound in cuts])]


def _split_sum(own: Extent, cuts: list[int]) -> list[Extent]:
    at, pieces = 0, []
    for term in own.terms:
        inside = [bound - at for bound in cuts if at < bound < at + term.size]
        for piece in split(term, inside):
            pieces.append((at, piece))
            at += piece.size
    own._sum = [piece for _, piece in pieces]
    return [beside([p for at, p in pieces if a <= at < b]) for a, b in pairwise(cuts)]


def unify(one: Extent, other: Extent) -> None:
    """Make two extents of one size one. Raises `OddCutError` where their cuts do not nest."""
    a, b = one.root, other.root
    if a is b:
        return
    if a.size != b.size:
        raise OddCutError
    if a.is_atom or b.is_atom:
        (a if a.is_atom else b).become(b if a.is_atom else a)
    elif a._sum or b._sum:
        summed, second = (a, b) if a._sum else (b, a)
        for extent, into in ((summed, second), (second, summed)):
            if into._sum:
                split(extent, bounds_of(into))
        pieces = split(second, bounds_of(summed))
        for term, piece in zip(summed.terms, pieces, strict=True):
            unify(term, piece)
        summed.become(second)
    else:
        align(a.factors, b.factors)
        a.become(b)


def bounds_of(extent: Extent) -> list[int]:
    """List the places at which the terms of a sum begin and end."""
    bounds = [0]
    for term in extent.terms:
        bounds.append(bounds[-1] + term.size)
    return bounds


def align(one: Sequence[Extent], other: Sequence[Extent]) -> None:
    """Make two products, of as many items, one. Raises `OddCutError` where they do not nest."""
    left = [f for e in one for f in e.factors if f.size > 1]
    right = [f for e in other for f in e.factors if f.size > 1]
    while left and right:
        left = [*left[0].factors, *left[1:]]
        right = [*right[0].factors, *right[1:]]
        a, b = left[0], right[0]
        if a.size == b.size:
            unify(a, b)
            left, right = left[1:], right[1:]
            continue
        big, small = (a, b) if a.size > b.size else (b, a)
        if big.size % small.size or not big.is_atom:
            raise OddCutError
        big.cut([small.size, big.size // small.size])
    if left or right:
        raise OddCutError


def inside(extent: Extent) -> Iterator[Extent]:
    """List an extent and all that it is made of."""
    own = extent.root
    yield own
    for part in own.terms or (own.factors if own._product else []):
        yield from inside(part)


def atoms(extent: Extent) -> list[Extent]:
    """List the atoms in an extent, each once."""
    return [*dict.fromkeys(e for e in inside(extent) if e.is_atom)]


Sizes = Callable[[Extent], int]


def size_of(extent: Extent, atom: Sizes) -> int:
    """Count the items of an extent whose atoms have other sizes."""
    own = extent.root
    if own._sum:
        return sum(size_of(term, atom) for term in own.terms)
    if own._product:
        return prod(size_of(f, atom) for f in own.factors)
    return atom(own)


@dataclass(frozen=True)
class Loop:
    """An extent that the items of a place run over: how many it has, and how far they are apart."""

    extent: Extent
    size: int
    stride: int


@dataclass(frozen=True)
class Place:
    """One place of an atom along an axis: where it begins, and what it lies inside of and around.

    The atom's own loop is the one at `own`.
    """

    atom: Extent
    start: int
    loops: tuple[Loop, ...]
    own: int


def places(extent: Extent, atom: Sizes) -> list[Place]:
    """List the places of all atoms of an extent."""
    own = extent.root
    if own._sum:
        found, at = [], 0
        for term in own.terms:
            found += [Place(p.atom, p.start + at, p.loops, p.own) for p in places(term, atom)]
            at += size_of(term, atom)
        return found
    if not own._product:
        return [Place(own, 0, (Loop(own, atom(own), 1),), 0)]
    factors = own.factors
    sizes = [size_of(f, atom) for f in factors]
    strides = [prod(sizes[k + 1 :]) for k in range(len(factors))]
    loops = [Loop(*row) for row in zip(factors, sizes, strides, strict=True)]
    found = []
    for k, factor in enumerate(factors):
        for place in places(factor, atom):
            inner = [Loop(x.extent, x.size, x.stride * strides[k]) for x in place.loops]
            whole = (*loops[:k], *inner, *loops[k + 1 :])
            found.append(Place(place.atom, place.start * strides[k], whole, k + place.own))
    return found
