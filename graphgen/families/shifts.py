"""What may be added to tensors: numbers alike along an axis, which something behind takes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import instance
from graphgen.families.variation import Change, SeenError, Variation, factors
from graphgen.fitting import fitting
from graphgen.sources import Weights
from graphgen.units.axes import AxesOf
from graphgen.units.extents import Extent, bounds_of
from spec import Architecture

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    """Where one tensor may be shifted: a part of an axis, in a shape with one item where alike.

    `shape` is that of the part, with `axis` and `alike` (its axis among the factors) spelled out.
    """

    tensor: str
    index: tuple[slice, ...]
    shape: tuple[int, ...]
    alike: int | None
    ends: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of a shift."""
        return tuple(1 if k == self.alike else size for k, size in enumerate(self.shape))

    def add(self, array: NDArray[Any], shift: Floats) -> None:
        """Add a shift to a tensor, in place."""
        part = array[self.index].astype(np.float64)
        total = part.reshape(self.shape) + shift
        array[self.index] = total.reshape(part.shape).astype(array.dtype)

    def common(self, array: NDArray[Any]) -> Floats:
        """Give what a tensor has of a shift: all, or its mean along what is alike."""
        part = array[self.index].astype(np.float64).reshape(self.shape)
        return part if self.alike is None else part.mean(axis=self.alike, keepdims=True)


@dataclass(frozen=True, eq=False)
class Shift:
    """One choice of what is added, for each room."""

    family: Shifts
    values: tuple[Floats, ...]

    def apply(self, weights: Weights) -> Arrays:
        """Add the shifts. Raises `GraphError` for weights that do not fit."""
        return self.moved(fitting(Form.of(self.family.net), weights))

    def moved(self, weights: Arrays) -> Arrays:
        """Change weights that are known to fit; see `apply`."""
        result = dict(weights)
        for tensor in self.family.where:
            result[tensor] = np.array(result[tensor], order="C")
        for room, value in zip(self.family.rooms, self.values, strict=True):
            room.add(result[room.tensor], value)
        return result


class Shifts:
    """Numbers that may be added to tensors, alike along some axis or all by themselves."""

    kind = "shifts"

    def __init__(self, net: Architecture, rooms: tuple[Room, ...], name: str) -> None:
        self.net, self.rooms, self.name = net, rooms, name

    @property
    def where(self) -> tuple[str, ...]:
        """The tensors that change."""
        return tuple(dict.fromkeys(room.tensor for room in self.rooms))

    @property
    def dimension(self) -> int:
        """The number of parameters of an element."""
        return sum(prod(room.sizes) for room in self.rooms)

    def __repr__(self) -> str:
        ends = list(dict.fromkeys(end for room in self.rooms for end in room.ends))
        more = f" and {len(ends) - 2} more" if len(ends) > 2 else ""
        taken = f"taken away by {', '.join(ends[:2])}{more}"
        return f"<shifts at {self.name}: {taken}; dimension {self.dimension:,}>"

    def sample(self, rng: np.random.Generator) -> Shift:
        """Draw shifts from a normal distribution of standard deviation 1."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        return Shift(self, tuple(rng.standard_normal(room.sizes) for room in self.rooms))

    def removal(self, weights: Arrays) -> Shift:
        """Give the element that leaves nothing of any shift in a network's weights."""
        return Shift(self, tuple(-room.common(weights[room.tensor]) for room in self.rooms))


def shifts(net: Architecture, axes: AxesOf) -> list[tuple[Room, ...]]:
    """Find all shifts, together those that are alike along what is one."""
    variation = Variation(net, axes)
    found: dict[object, list[Room]] = {}
    for tensor in net.tensors.values():
        if not tensor.trainable or not tensor.dtype.startswith("float"):
            continue
        free: set[object] = set()
        for part in parts(axes.tensors[tensor.name]):
            for alike in ways(axes.tensors[tensor.name]):
                if free & {alike, None}:  # the whole tensor may be shifted so, or as one likes
                    continue
                change = Change(frozenset(() if alike is None else (alike,)), object(), 1.0, part)
                try:
                    ends = variation.ends(tensor.name, change)
                except SeenError:
                    continue
                if ends:
                    own = room(tensor.name, axes.tensors[tensor.name], part, alike, ends)
                    key: object = (tensor.name, part)
                    if alike is not None:
                        key = factors(axes.tensors[tensor.name][alike[0]])[alike[1]]
                    found.setdefault(key, []).append(own)
                    if part is None:
                        free.add(alike)
                    if alike is None:
                        break
    return [tuple(rooms) for rooms in found.values()]


def parts(extents: list[Extent]) -> Iterator[tuple[int, int, int] | None]:
    """List a whole tensor, and the parts that lie side by side along any of its axes."""
    yield None
    for axis, extent in enumerate(extents):
        bounds = bounds_of(extent)
        for first, last in pairwise(bounds):
            yield axis, first, last


def ways(
    extents: list[Extent],
) -> Iterator[tuple[int, int] | None]:
    """List along what a shift may be alike: nothing, or one factor of an axis."""
    yield None
    for axis, extent in enumerate(extents):
        for k in range(len(factors(extent))):
            yield axis, k


def room(
    tensor: str, extents: list[Extent], part: tuple[int, int, int] | None,
    alike: tuple[int, int] | None, ends: list[str],
) -> Room:  # fmt: skip
    """Describe where a tensor may be shifted."""
    index: list[slice] = []
    shape: list[int] = []
    place = None
    for axis, extent in enumerate(extents):
        own = part is not None and part[0] == axis
        index.append(slice(part[1], part[2]) if own and part is not None else slice(None))
        split = not own and alike is not None and alike[0] == axis
        if alike is not None and alike[0] == axis:
            place = len(shape) + (alike[1] if split else 0)
        if split:
            shape += [f.size for f in factors(extent)]
        else:
            shape.append(part[2] - part[1] if own and part is not None else extent.size)
    return Room(tensor, tuple(index), tuple(shape), place, tuple(ends))
