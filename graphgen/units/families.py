"""Units and their families: what may leave a network, and what with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import described
from graphgen.units.extents import Extent, Place
from graphgen.units.nesting import Occurrence

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Slice:
    """Items of a tensor: `indices` along `axis`, and of these what lies `within` others.

    `within` pairs further axes with indices along them; a slice that has none is whole rows.
    """

    tensor: str
    axis: int
    indices: Indices
    within: tuple[tuple[int, Indices], ...] = ()

    @property
    def index(self) -> tuple[object, ...]:
        """The same for numpy: `array[slice.index]` are its scalars."""
        chosen = dict([(self.axis, self.indices), *self.within])
        rank = max(chosen) + 1
        if len(chosen) == 1:
            return tuple(chosen.get(k, slice(None)) for k in range(rank))
        grid = np.ix_(*(chosen[k] for k in sorted(chosen)))
        spread = dict(zip(sorted(chosen), grid, strict=True))
        return tuple(spread.get(k, slice(None)) for k in range(rank))

    def __repr__(self) -> str:
        inside = "".join(f", {rows(own)} of axis {axis}" for axis, own in self.within)
        return f"{self.tensor}: {rows(self.indices)} of axis {self.axis}{inside}"


def rows(indices: Indices) -> str:
    """Write indices: a range where they are one.

    >>> rows(np.array([4, 5, 6])), rows(np.array([1, 3]))
    ('4:7', '1, 3')
    """
    listed = indices.tolist()
    if len(listed) > 1 and listed == [*range(listed[0], listed[-1] + 1)]:
        return f"{listed[0]}:{listed[-1] + 1}"
    shown = ", ".join(map(str, listed[:6]))
    return shown + (f", ... ({len(listed)})" if len(listed) > 6 else "")


@dataclass(frozen=True, eq=False)
class Family:
    """Units of one kind that may stand for one another.

    There are `size` of them in each of several `copies`, such as the channels of each group, whose
    sizes this lists: from each copy as many go. One always stays. `parameters` counts the trained
    scalars of one unit. `together` says what counts its units together, so that a network without
    one is not the one in which it is zero: its norm is over the others. `net` is the
    architecture's hash.
    """

    net: str
    name: str
    kind: str
    size: int
    copies: tuple[int, ...]
    parameters: int
    together: tuple[str, ...]
    atom: Extent = field(repr=False)
    outer: tuple[Extent, ...] = field(repr=False)
    places: tuple[Occurrence, ...] = field(repr=False)

    def __len__(self) -> int:
        return self.size * prod(self.copies)

    def __iter__(self) -> Iterator[Unit]:
        for copy in product(*map(range, self.copies)):
            for item in range(self.size):
                yield Unit(self, item, copy)

    def __getitem__(self, index: int | tuple[int, ...]) -> Unit:
        """Give a unit, by its number, or by the numbers of its copy and its own."""
        *copy, item = index if isinstance(index, tuple) else (index,)
        sizes = (*self.copies, self.size)
        if not copy and self.copies and isinstance(item, int) and 0 <= item < len(self):
            *copy, item = (int(x) for x in np.unravel_index(item, sizes))
        numbers = (*copy, item)
        fits = len(numbers) == len(sizes) and all(
            isinstance(k, (int, np.integer)) and 0 <= k < n
            for k, n in zip(numbers, sizes, strict=False)
        )
        if not fits:
            told = list(numbers) if isinstance(index, tuple) else described(index)
            raise IndexError(f"{self.name} has {list(sizes)} units, got {told}")
        return Unit(self, int(item), tuple(int(k) for k in copy))

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors that have slices of its units."""
        return tuple(dict.fromkeys(place.owner for place in self.places))

    def __repr__(self) -> str:
        each = f" in each of {prod(self.copies)}" if self.copies else ""
        return f"<{self.name}: {self.size}{each}, {self.parameters:,} parameters a unit>"


@dataclass(frozen=True)
class Unit:
    """The slices that leave a network together; `item` of its family's, in the copy `copy`."""

    family: Family
    item: int
    copy: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Its family's name and its numbers: `stem.0/channel[3]`."""
        return f"{self.family.name}[{', '.join(map(str, (*self.copy, self.item)))}]"

    @property
    def kind(self) -> str:
        """Its family's kind."""
        return self.family.kind

    @property
    def parameters(self) -> int:
        """The number of trained scalars that leave with it."""
        return self.family.parameters

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Its slices, tensor by tensor."""
        at = dict(zip(self.family.outer, self.copy, strict=True))
        at[self.family.atom] = self.item
        return slices_of(self.family.places, at)

    def __repr__(self) -> str:
        tensors = len({each.tensor for each in self.slices})
        return f"<{self.name}: {self.parameters:,} parameters of {tensors} tensors>"


def slices_of(places: tuple[Occurrence, ...], at: dict[Extent, int]) -> tuple[Slice, ...]:
    """Give the slices where atoms have these items, those along one axis together."""
    found: dict[tuple[object, ...], list[Indices]] = {}
    inside: dict[tuple[object, ...], tuple[tuple[int, Indices], ...]] = {}
    for own in places:
        known = {loop.extent.root for loop in own.place.loops}
        others = [own.beside[atom] for atom in at if atom not in known]
        within = tuple((axis, coordinates(place, at)) for axis, place in others)
        key = own.owner, own.axis, *((axis, tuple(listed.tolist())) for axis, listed in within)
        found.setdefault(key, []).append(coordinates(own.place, at))
        inside[key] = within
    return tuple(
        Slice(str(key[0]), int(str(key[1])), np.sort(np.concatenate(parts)), inside[key])
        for key, parts in found.items()
    )


def coordinates(place: Place, at: dict[Extent, int]) -> Indices:
    """List where along its axis a place is, with some atoms at one item each."""
    found = np.array([place.start], dtype=np.int64)
    for loop in place.loops:
        item = at.get(loop.extent.root)
        steps = np.arange(loop.size) if item is None else np.array([item])
        found = (found[:, None] + loop.stride * steps).reshape(-1)
    return found


def count(slices: Iterable[Slice], shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Count the scalars in slices, those in several of them once."""
    total = 0
    boxes: dict[str, list[dict[int, set[int]]]] = {}
    for own in slices:
        chosen = {axis: set(rows_.tolist()) for axis, rows_ in own.within}
        boxes.setdefault(own.tensor, []).append(chosen | {own.axis: set(own.indices.tolist())})
    for tensor, found in boxes.items():
        for many in range(1, len(found) + 1):
            for chosen_ in combinations(found, many):
                total -= (-1) ** many * met(chosen_, shapes[tensor])
    return total


def met(boxes: tuple[dict[int, set[int]], ...], shape: tuple[int, ...]) -> int:
    """Count the scalars that are in each of some boxes."""
    sizes = []
    for axis, size in enumerate(shape):
        own = [box[axis] for box in boxes if axis in box]
        sizes.append(len(set.intersection(*own)) if own else size)
    return prod(sizes)
