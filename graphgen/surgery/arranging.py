"""Arrays with other units: fewer, or some of them twice, in each copy those of this copy."""

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


def laid(
    axes: Axes, family: Family, values: Array, sizes: Sizes, rest: float = False
) -> Iterator[tuple[int, Array]]:
    """Lay a value for each unit along the axes of a tensor that it is of; `rest` elsewhere.

    `values` has the sizes of the family's copies and its own. Gives the axes, each with an array
    in a shape that fits the tensor's.
    """
    listed = [places(axis, sizes) for axis in axes]
    shape = [size_of(axis, sizes) for axis in axes]
    for k, row in enumerate(listed):
        found: Array | None = None
        for place in row:
            if place.atom is not family.atom:
                continue
            at = [_along(items(place, place.atom, shape[k]), k, len(axes))]
            for outer in reversed(family.outer):
                own, m = _around(listed, k, place, outer)
                at.insert(0, _along(items(own, outer, shape[m]), m, len(axes)))
            elsewhere = np.asarray(rest) if found is None else found
            found = np.where(at[-1] >= 0, values[tuple(at)], elsewhere)
        if found is not None:
            yield k, found


def _around(listed: list[list[Place]], k: int, place: Place, outer: Extent) -> tuple[Place, int]:
    """Find where it is told in which item of another atom a place is: a place, and its axis."""
    if any(loop.extent.root is outer for loop in place.loops):
        return place, k
    return next((own, m) for m, row in enumerate(listed) for own in row if own.atom is outer)


def _along(labels: NDArray[np.int64], axis: int, rank: int) -> NDArray[np.int64]:
    return labels.reshape([len(labels) if k == axis else 1 for k in range(rank)])


def arranged(
    array: Array, axes: Axes, family: Family, order: NDArray[np.int64], sizes: Sizes
) -> Array:
    """Give an array with other units of a family: in each copy those that `order` lists.

    It has the sizes of the copies and the new number; units may be left out, or come twice.
    """
    rank, new = len(axes), order.shape[-1]
    before = [places(axis, sizes) for axis in axes]

    def after(atom: Extent) -> int:
        return new if atom is family.atom else sizes(atom)

    found = []
    for k, row in enumerate(before):
        if not any(place.atom is family.atom for place in row):
            continue
        length = size_of(axes[k], after)
        rest, taken = np.ones(array.shape[k], np.bool_), np.ones(length, np.bool_)
        targets, rows = [], []
        for place, moved in zip(row, places(axes[k], after), strict=True):
            if place.atom is not family.atom:
                continue
            slots, own = _slots(place), _slots(moved)
            rest[slots.reshape(-1)] = taken[own.reshape(-1)] = False
            at = np.indices(own.shape, dtype=np.int64)
            ones = (1,) * (rank - 1)
            index = [at[place.own].reshape(*own.shape, *ones)]
            for outer in reversed(family.outer):
                other, m = _around(before, k, place, outer)
                if m == k:
                    number = next(j for j, x in enumerate(place.loops) if x.extent.root is outer)
                    index.insert(0, at[number].reshape(*own.shape, *ones))
                else:
                    labels = _along(items(other, outer, array.shape[m]), m - (m > k), rank - 1)
                    index.insert(0, labels.reshape(*(1 for _ in own.shape), *labels.shape))
            first = np.take(slots, [0], axis=place.own)
            first = np.broadcast_to(first, own.shape).reshape(*own.shape, *ones)
            source = first + place.loops[place.own].stride * order[tuple(index)]
            targets.append(own.reshape(-1))
            rows.append(source.reshape(own.size, *source.shape[own.ndim :]))
        targets.append(np.flatnonzero(taken))
        same = np.flatnonzero(rest).reshape(-1, *(1,) * (rank - 1))
        shape = np.broadcast_shapes(*(x.shape[1:] for x in rows))
        rows = [np.broadcast_to(x, (len(x), *shape)) for x in (*rows, same)]
        found.append((k, np.concatenate(rows)[np.argsort(np.concatenate(targets))]))
    # What depends on other axes comes first, before these change.
    for axis, source in sorted(found, key=lambda own: own[1].size == len(own[1])):
        if source.size == len(source):
            array = np.take(array, source.reshape(-1), axis=axis)
        else:
            array = np.take_along_axis(array, np.moveaxis(source, 0, axis), axis=axis)
    return array


def _slots(place: Place) -> NDArray[np.int64]:
    """Give the coordinates of a place, an axis for each loop."""
    at = np.indices([loop.size for loop in place.loops], dtype=np.int64)
    slots: NDArray[np.int64] = place.start + np.tensordot([x.stride for x in place.loops], at, 1)
    return slots


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
