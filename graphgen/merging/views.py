"""Where the units of a family lie in tensors, as views that have an axis of units."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from graphgen.units.extents import Extent, Loop, Place, atoms
from graphgen.units.families import Family
from graphgen.units.nesting import Occurrence

Array = NDArray[Any]


@dataclass(frozen=True)
class View:
    """A place of a family's units in a tensor: `shape` is that of copies, units, and the rest.

    `strides` count scalars. `others` are the atoms that the rest runs over, so that what has other
    orders of them is not compared; `sign` is the side that the place is on, see `linear.Sides`.
    """

    tensor: str
    axis: int
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    copies: int
    others: frozenset[Extent]
    sign: int

    def of(self, array: Array) -> Array:
        """Give the view into an array in C order; writing to it writes to the array."""
        steps = tuple(stride * array.itemsize for stride in self.strides)
        return as_strided(array.reshape(-1)[self.start :], self.shape, steps)

    def rows(self, array: Array) -> Array:
        """Give a copy: (copies, units, what each has)."""
        own = self.shape
        return self.of(array).reshape(prod(own[: self.copies]), own[self.copies], -1)


def view_of(
    family: Family, own: Occurrence, shape: tuple[int, ...], axes: list[Extent], sign: int
) -> View:
    """Find the view of one place of a family in a tensor (or a value) of a shape."""
    steps = [prod(shape[k + 1 :]) for k in range(len(shape))]
    loops: dict[int, tuple[Place, list[Loop]]] = {own.axis: (own.place, list(own.place.loops))}
    unit = own.place.loops[own.place.own]
    loops[own.axis][1].remove(unit)
    outer = []
    for atom in family.outer:
        axis, place = own.axis, own.place
        if not any(loop.extent.root is atom for loop in loops[axis][1]):
            axis, place = own.beside[atom]
            loops.setdefault(axis, (place, list(place.loops)))
        loop = next(loop for loop in loops[axis][1] if loop.extent.root is atom)
        loops[axis][1].remove(loop)
        outer.append((loop.size, loop.stride * steps[axis]))
    rest, others = [], set()
    for axis, size in enumerate(shape):
        if axis in loops:
            rest += [(loop.size, loop.stride * steps[axis]) for loop in loops[axis][1]]
            others |= {atom for loop in loops[axis][1] for atom in atoms(loop.extent)}
        else:
            rest.append((size, steps[axis]))
            others |= {*atoms(axes[axis])}
    every = [*outer, (unit.size, unit.stride * steps[own.axis]), *rest]
    start = sum(place.start * steps[axis] for axis, (place, _) in loops.items())
    return View(
        own.owner, own.axis, start, tuple(n for n, _ in every), tuple(s for _, s in every),
        len(outer), frozenset(others), sign,
    )  # fmt: skip


def ordered(view: Array, order: NDArray[np.int64]) -> Array:
    """Give a view's values with the units of each copy in another order."""
    if order.ndim == 1:
        return np.take(view, order, axis=0)
    return np.take_along_axis(
        view, order.reshape(order.shape + (1,) * (view.ndim - order.ndim)), order.ndim - 1
    )


def mixed(view: Array, matrices: NDArray[np.float64]) -> Array:
    """Give a view's values with the units of each copy multiplied by a matrix."""
    copies = matrices.ndim - 2
    flat = view.reshape(*view.shape[: copies + 1], -1)
    return (matrices.astype(flat.dtype) @ flat).reshape(view.shape)
