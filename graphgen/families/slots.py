"""Slots: the places of atoms along the axes of values and tensors, and tensors seen by them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from graphgen.units.axes import Axes
from graphgen.units.extents import Extent, Place, places
from graphgen.units.nesting import covers, full


@dataclass(frozen=True, eq=False)
class Slot:
    """A place of an atom along an axis of a value or of a tensor.

    `around` has the atoms that tell in which of their items it lies: axis, and place there.
    """

    owner: str
    is_tensor: bool
    axis: int
    place: Place
    around: dict[Extent, tuple[int, Place]]

    @property
    def atom(self) -> Extent:
        """What runs along it."""
        return self.place.atom

    def lies_in(self, first: int, last: int) -> bool:
        """Whether any of its items lies, along the axis, at `first` or behind and before `last`."""
        indices = np.array([self.place.start])
        for loop in self.place.loops:
            indices = np.add.outer(indices, loop.stride * np.arange(loop.size)).reshape(-1)
        return bool(((indices >= first) & (indices < last)).any())


class Sides:
    """The slots of values and tensors, axis by axis, each made once."""

    def __init__(self, values: dict[str, Axes], tensors: dict[str, Axes]) -> None:
        self.values = {name: slots_of(name, False, axes) for name, axes in values.items()}
        self.tensors = {name: slots_of(name, True, axes) for name, axes in tensors.items()}


def slots_of(owner: str, is_tensor: bool, axes: Axes) -> list[list[Slot]]:
    """List the slots of each axis, in order."""
    listed = [(k, place) for k, axis in enumerate(axes) for place in places(axis, full)]
    listed = [(k, place) for k, place in listed if place.atom.size > 1]
    times = Counter(place.atom for _, place in listed)
    beside = {
        place.atom: (k, place)
        for k, place in listed
        if times[place.atom] == 1 and covers(place, axes[k].size)
    }
    found: list[list[Slot]] = [[] for _ in axes]
    for k, place in listed:
        around = {
            atom: (axis, other)
            for atom, (axis, other) in beside.items()
            if axis != k and atom is not place.atom
        }
        inner = Counter(loop.extent.root for loop in place.loops)
        for loop in place.loops:
            atom = loop.extent.root
            if atom is not place.atom and atom.is_atom and inner[atom] == 1 and loop.size > 1:
                around[atom] = (k, place)
        found[k].append(Slot(owner, is_tensor, k, place, around))
    return found


def seen(
    array: NDArray[Any], slot: Slot, context: tuple[Extent, ...], batch: bool = False
) -> NDArray[Any]:
    """View a tensor with the axes of contexts in front, then the slot's own, then all others.

    The array is contiguous; the view is of those of its elements that lie in the slot. With a batch
    the first axis is that of samples, and comes right behind the slot's own.
    """
    first = int(batch)
    shape: list[int] = [*array.shape[:first]]
    strides: list[int] = [*array.strides[:first]]
    where: dict[Extent, int] = {}
    start = 0
    split = {slot.axis: slot.place}
    for atom in context:
        axis, place = slot.around[atom]
        split.setdefault(axis, place)
    wanted = {(slot.axis, slot.atom), *((slot.around[atom][0], atom) for atom in context)}
    for axis, size in enumerate(array.shape[first:]):
        step = array.strides[axis + first]
        whole = split.get(axis)
        if whole is None:
            shape.append(size)
            strides.append(step)
            continue
        start += whole.start * step
        for loop in whole.loops:
            atom = loop.extent.root
            if (axis, atom) in wanted:
                where[atom] = len(shape)
            shape.append(loop.size)
            strides.append(loop.stride * step)
    base = array.reshape(-1)[start // array.itemsize :] if array.size else array.reshape(-1)
    view = as_strided(base, tuple(shape), tuple(strides))
    front = [*(where[atom] for atom in context), where[slot.atom]]
    rest = [k for k in range(len(shape)) if k not in front]
    return view.transpose(*front, *rest)


def moved(
    array: NDArray[Any], slot: Slot, context: tuple[Extent, ...], maps: NDArray[np.float64]
) -> None:
    """Multiply a tensor, in place, along a slot by matrices (contexts, n, n)."""
    view = seen(array, slot, context)
    front = view.shape[: len(context)]
    flat = view.reshape(*front, view.shape[len(context)], -1)
    product = maps.reshape(*front, *maps.shape[-2:]) @ flat.astype(np.float64)
    view[...] = product.reshape(view.shape).astype(array.dtype)
