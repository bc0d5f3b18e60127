"""An arrangement: how the units of a network are put, in an order of each family or by a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.dtypes import wide
from graphgen.fitting import fitting
from graphgen.merging.folding import fold_norms, foldable
from graphgen.merging.linear import sides
from graphgen.merging.rotary import Turned, turned_pairs
from graphgen.merging.views import View, mixed, ordered, view_of
from graphgen.merging.widths import Embedding
from graphgen.sources import Weights
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent
from graphgen.units.families import Family
from graphgen.units.nesting import Occurrence, occurrences

Array = NDArray[Any]
Order = NDArray[np.int64]
Floats = NDArray[np.float64]


class Mixing(NamedTuple):
    """How units may be mixed: the views that change, whether by rotations alone, and which.

    Those that rotary positions turn are mixed in pairs only, each by a complex number.
    """

    views: list[View]
    orthogonal: bool
    centred: bool
    turned: Turned | None = None


class Frame:
    """What may be done to the units of an architecture: its families, and where they lie.

    They lie in its tensors, or, given `values` of some samples each, in these. If it is `folded`,
    the gains of norms that can be moved are 1 (`fold_norms`), and residual streams are rotated.
    """

    def __init__(
        self, units: Units, values: Mapping[str, int] | None = None, folded: bool = False
    ) -> None:
        self.folded = folded
        self.units = units
        self.net = units.net
        known = units.atoms
        # Where two families lie inside of one another, neither is moved.
        nested = {
            atom: family
            for atom, family in known.items()
            if not any(a in known and atom in known[a].outer for a in family.outer)
        }
        self.families: list[Family] = []
        for family in nested.values():
            self._place(family, nested)
        self.turned = turned_pairs(units) if values is None else {}
        self.families += [own.family for own in self.turned.values()]
        self._values = values
        self._places: dict[str, tuple[Occurrence, ...]] = {f.name: f.places for f in self.families}
        if values is None:
            self._shapes = {name: tensor.shape for name, tensor in self.net.tensors.items()}
            self._axes = units.axes.tensors
            self.counted = frozenset(self.net.parameters)
        else:
            self._shapes = {name: (n, *self.net.shapes[name]) for name, n in values.items()}
            self._axes = {name: [Extent(n), *units.axes.values[name]] for name, n in values.items()}
            found = occurrences(self._axes)
            self._places = {f.name: tuple(found.get(f.atom, ())) for f in self.families}
            self.counted = frozenset(values)
        self.views = {family.name: self._views(family, None) for family in self.families}
        self.names = {
            family.name: tuple(dict.fromkeys(view.tensor for view in self.views[family.name]))
            for family in self.families
        }
        self.on: dict[str, list[Family]] = {}
        for family in self.families:
            for name in self.names[family.name]:
                self.on.setdefault(name, []).append(family)

    def _place(self, family: Family, nested: Mapping[Extent, Family]) -> None:
        """List a family behind those around it."""
        for atom in family.outer:
            if atom in nested:
                self._place(nested[atom], nested)
        if family not in self.families:
            self.families.append(family)

    def _views(self, family: Family, own: tuple[int, ...] | None) -> list[View]:
        places = self._places[family.name]
        signs = (1,) * len(places) if own is None else own
        return [
            view_of(family, place, self._shapes[place.owner], self._axes[place.owner], sign)
            for place, sign in zip(places, signs, strict=True)
        ]

    @cached_property
    def mixing(self) -> dict[str, Mixing]:
        """The families whose units may be mixed, and how."""
        norms = foldable(self.net) if self.folded else []
        found = sides(self.units, norms)
        mixing = {}
        for family in self.families:
            if family.name in self.turned:
                turned = self.turned[family.name]
                views = self._views(family, turned.signs)
                mixing[family.name] = Mixing(views, turned.orthogonal, False, turned)
            if family.name not in found:
                continue
            own = found[family.name]
            if self._values is None:
                views = [view for view in self._views(family, own.signs) if view.sign]
                mixing[family.name] = Mixing(views, own.orthogonal, own.centred)
            elif not own.centred:  # a rotation of a stream is not seen in values behind norms
                mixing[family.name] = Mixing(self.views[family.name], True, False)
        return mixing

    def shape(self, name: str) -> tuple[int, ...]:
        """Give the shape of a tensor, or of the samples of a value."""
        return self._shapes[name]

    def axes(self, name: str) -> list[Extent]:
        """Give what runs along the axes of a tensor, or of the samples of a value."""
        return self._axes[name]

    @property
    def size(self) -> int:
        """How many scalars there are in it."""
        return sum(prod(shape) for shape in self._shapes.values())

    def inside(self, family: Family) -> list[Family]:
        """List the families that are in each unit of another, and in nothing else beside."""
        around = {*family.outer, family.atom}
        return [own for own in self.families if {*own.outer} == around]


class Arrangement:
    """How the units of a network are put: which takes each place, or how they are mixed.

        found = graphgen.align(net, [a, b])[1]
        found.apply(b)                       # computes what b computes

    `orders` are by family, in the shape of its copies and its size; `maps` are matrices in each
    copy. What is not in them stays. Those of families around others come first.
    """

    def __init__(self, frame: Frame, embedding: Embedding | None = None) -> None:
        self.frame, self.embedding = frame, embedding
        self.orders: dict[str, Order] = {}
        self.maps: dict[str, Floats] = {}

    def copy(self) -> Arrangement:
        """Give another, which may be changed."""
        other = Arrangement(self.frame, self.embedding)
        other.orders, other.maps = dict(self.orders), dict(self.maps)
        return other

    def order(self, family: Family, order: Order) -> None:
        """Put the units of a family, as they lie now, in an order; what is in them goes along."""
        stays = np.broadcast_to(np.arange(family.size), (*family.copies, family.size))
        before = self.orders.get(family.name, stays)
        self.orders[family.name] = np.take_along_axis(before, order, axis=-1)
        for other in self.frame.families:
            if family.atom not in other.outer:
                continue
            axis = other.outer.index(family.atom)
            for kept in (self.orders, self.maps):
                if other.name in kept:
                    array: Array = kept[other.name]
                    index = spread(order, [*map(other.outer.index, family.outer), axis], array.ndim)
                    kept[other.name] = np.take_along_axis(array, index, axis=axis)

    def mix(self, family: Family, matrices: Floats) -> None:
        """Multiply the units of a family, as they lie now, by a matrix in each copy."""
        before = self.maps.get(family.name)
        self.maps[family.name] = matrices if before is None else matrices @ before

    def tensor(self, name: str, array: Array) -> Array:
        """Give one tensor as it is arranged, of a network's own."""
        changes = [
            family
            for family in self.frame.on.get(name, ())
            if family.name in self.orders or family.name in self.maps
        ]
        if not changes:
            return array
        dtype = array.dtype
        inexact = any(family.name in self.maps for family in changes)
        moved = np.array(array, order="C", dtype=wide(dtype) if inexact else dtype)
        for family in changes:
            order, matrices = self.orders.get(family.name), self.maps.get(family.name)
            for view in self.frame.views[family.name]:
                if order is not None and view.tensor == name:
                    view.of(moved)[...] = ordered(view.of(moved), order)
            if matrices is not None:
                for view in self.frame.mixing[family.name].views:
                    if view.tensor == name:
                        view.of(moved)[...] = mixed(view.of(moved), turned(matrices, view.sign))
        return moved.astype(dtype, copy=False)

    def apply(self, weights: Weights) -> dict[str, Array]:
        """Give a network's weights, arrays or a file, as they are arranged.

        Those of a narrower network get what they lack first. Orders move numbers as they are;
        matrices are multiplied in float32 or wider, and rounded once. Raises `GraphError` for
        weights of another architecture.
        """
        net = self.frame.net
        own = weights if self.embedding is None else self.embedding.lifted(weights)
        arrays = fold_norms(net, own) if self.frame.folded else fitting(Form.of(net), own)
        return {name: self.tensor(name, array) for name, array in arrays.items()}

    def __repr__(self) -> str:
        moved = sum(int((o != np.arange(o.shape[-1])).sum()) for o in self.orders.values())
        return (
            f"<Arrangement of {self.frame.net.name}: {moved:,} units moved, "
            f"{len(self.maps)} families mixed>"
        )


def turned(matrices: Floats, sign: int) -> Floats:
    """Give the matrices of a side: themselves, or their inverses transposed."""
    if sign > 0:
        return matrices
    result: Floats = np.swapaxes(np.linalg.inv(matrices), -1, -2)
    return result


def spread(order: Order, axes: Iterable[int], rank: int) -> Order:
    """Lay an array's axes along some of another's, so that the two are broadcast."""
    where = list(axes)
    placed = order.transpose(np.argsort(where))
    shape = [1] * rank
    for axis, size in zip(sorted(where), placed.shape, strict=True):
        shape[axis] = size
    return placed.reshape(shape)
