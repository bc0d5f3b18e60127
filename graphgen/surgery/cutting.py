"""Cutting: the slices of units out of arrays, in each copy those that go there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.units.axes import Axes
from graphgen.units.extents import Extent, Place, Sizes, places, size_of
from graphgen.units.families import Family

Array = NDArray[Any]
Chosen = NDArray[np.bool_]


def items(place: Place, atom: Extent, size: int) -> NDArray[np.int64]:
    """Say of each coordinate along a place's axis which of an atom's items it is in; -1 if none."""
    found = np.full(size, -1, dtype=np.int64)
    shape = tuple(loop.size for loop in place.loops)
    at = np.indices(shape, dtype=np.int64).reshape(len(shape), prod(shape))
    strides = np.array([loop.stride for loop in place.loops], dtype=np.int64)
    number = next(k for k, loop in enumerate(place.loops) if loop.extent.root is atom)
    if place.atom is atom:
        number = place.own
    found[place.start + strides @ at] = at[number]
    return found


def marked(axes: Axes, family: Family, chosen: Chosen, sizes: Sizes) -> Iterator[tuple[int, Chosen]]:
    """Mark what units are of a tensor, axis by axis, in a shape that fits the tensor's.

    `chosen` says which: bool, the sizes of the family's copies and its own.
    """
    listed = [places(axis, sizes) for axis in axes]
    rank = len(axes)
    shape = [size_of(axis, sizes) for axis in axes]
    for k, own in enumerate(listed):
        found: Chosen | None = None
        for place in own:
            if place.atom is not family.atom:
                continue
            at = [_along(items(place, place.atom, shape[k]), k, rank)]
            known = {loop.extent.root for loop in place.loops}
            for outer in reversed(family.outer):
                if outer in known:
                    at.insert(0, _along(items(place, outer, shape[k]), k, rank))
                else:
                    m, other = next(
                        (m, p) for m, row in enumerate(listed) for p in row if p.atom is outer
                    )
                    at.insert(0, _along(items(other, outer, shape[m]), m, rank))
            marks = (at[-1] >= 0) & chosen[tuple(at)]
            found = marks if found is None else found | marks
        if found is not None:
            yield k, found


def _along(labels: NDArray[np.int64], axis: int, rank: int) -> NDArray[np.int64]:
    return labels.reshape([len(labels) if k == axis else 1 for k in range(rank)])


def without(array: Array, axes: Axes, family: Family, gone: Chosen, sizes: Sizes) -> Array:
    """Give an array without some units of a family: as many from each copy."""
    left = family.size - int(gone.reshape(-1, family.size)[0].sum())
    found = [*marked(axes, family, gone, sizes)]
    # Marks that depend on other axes come first, before these are cut.
    for axis, marks in sorted(found, key=lambda row: row[1].size == row[1].shape[row[0]]):
        stays = sources(places(axes[axis], sizes), family, np.moveaxis(marks, axis, 0), left)
        if stays.size == len(stays):
            array = np.take(array, stays.reshape(-1), axis=axis)
        else:
            array = np.take_along_axis(array, np.moveaxis(stays, 0, axis), axis=axis)
    return array


def sources(
    listed: list[Place], family: Family, marks: Chosen, left: int
) -> NDArray[np.int64]:
    """Say which coordinates of an axis, the first of `marks`, stay, in the order of what is left.

    In each copy the units that stay move up, so that what is left is a product again.
    """
    size, *others = marks.shape
    rest = np.ones(size, dtype=np.bool_)
    targets, rows = [], []
    for place in listed:
        if place.atom is not family.atom:
            continue
        shape = tuple(loop.size for loop in place.loops)
        strides = [loop.stride for loop in place.loops]
        at = np.indices(shape, dtype=np.int64)
        slots = place.start + np.tensordot(strides, at, 1)
        rest[slots.reshape(-1)] = False
        stays = np.argsort(marks[slots], axis=place.own, kind="stable")
        stays = np.take(stays, range(left), axis=place.own)
        slots = np.take(slots, range(left), axis=place.own)
        own = np.take(at[place.own], range(left), axis=place.own)
        moved = (slots - strides[place.own] * own).reshape(*slots.shape, *(1 for _ in others))
        targets.append(slots.reshape(-1))
        rows.append((moved + strides[place.own] * stays).reshape(slots.size, *others))
    same = np.flatnonzero(rest)
    targets.append(same)
    rows.append(np.broadcast_to(same.reshape(-1, *(1 for _ in others)), (len(same), *others)))
    found: NDArray[np.int64] = np.concatenate(rows)[np.argsort(np.concatenate(targets))]
    return found


def order_of(families: Mapping[Extent, Family]) -> list[Family]:
    """List families so that each comes before those that it lies inside of."""
    waiting, found = dict(families), []
    while waiting:
        ready = [
            family
            for atom, family in waiting.items()
            if not any(atom in other.outer for other in waiting.values() if other is not family)
        ]
        # Where two lie inside of one another neither is first.
        for family in ready or [next(iter(waiting.values()))]:
            found.append(family)
            del waiting[family.atom]
    return found
