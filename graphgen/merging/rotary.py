"""What rotary positions turn: pairs of units that one complex number each may mix."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.families.bonds import Bond, bonds
from graphgen.families.flow import Flow
from graphgen.families.maps import MapGroup
from graphgen.families.slots import Slot
from graphgen.merging.linear import key
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent, Place
from graphgen.units.families import Family
from graphgen.units.nesting import Occurrence, occurrences
from spec.primitives import Rotary

Key = tuple[Any, ...]


class Turned(NamedTuple):
    """Units that stay in place, in pairs that may be turned (and scaled, unless `orthogonal`).

    `signs` are the sides of the family's places, see `linear.Sides`.
    """

    family: Family
    signs: tuple[int, ...]
    group: MapGroup

    @property
    def orthogonal(self) -> bool:
        """Whether sizes have to stay."""
        return self.group.orthogonal

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The two units of each pair."""
        return self.group.pairs()


def turned_pairs(units: Units) -> dict[str, Turned]:
    """Find the units that rotary positions turn, as families in which nothing changes places.

    Where a gain stands between the tensors and the turning, they are left out.
    """
    if not any(isinstance(operation.primitive, Rotary) for operation in units.net.operations):
        return {}
    lying = {
        key(own): (atom, own)
        for atom, row in occurrences(units.axes.tensors).items()
        for own in row
    }
    found = {}
    for bond in bonds(Flow.of(units.net)):
        group = MapGroup(bond.atom.size, bond.demands)
        own = turned_of(units, bond, lying) if group.paired else None
        if own is not None and own[0].name not in found:
            found[own[0].name] = Turned(*own, group)
    return found


def turned_of(
    units: Units, bond: Bond, lying: dict[Key, tuple[Extent, Occurrence]]
) -> tuple[Family, tuple[int, ...]] | None:
    """Give a bond's slots as a family among units, with the side of each."""
    if any(frame.gains for frame in bond.frames.values()):
        return None
    known = [lying.get(key_of(slot.owner, slot.axis, slot.place)) for slot in bond.frames]
    around = [context_of(slot, bond, lying) for slot in bond.frames]
    owns = {None if own is None else own[0] for own in known}
    if len(owns) != 1 or None in owns or len({*around}) != 1 or around[0] is None:
        return None
    atom, outer = next(own[0] for own in known if own is not None), around[0]
    places = tuple(own[1] for own in known if own is not None)
    signs = tuple(-1 if frame.dual else 1 for frame in bond.frames.values())
    layer = next(o.layer for o in units.net.operations if places[0].owner in o.parameters)
    sizes = tuple(extent.size for extent in outer)
    each = sum(prod(units.net.tensors[place.owner].shape) for place in places)
    family = Family(
        units.net.hash, f"{layer}/rotary dimension", "rotary dimension", atom.size, sizes,
        each // (atom.size * prod(sizes)), (), atom, outer, places,
    )  # fmt: skip
    return family, signs


def key_of(owner: str, axis: int, place: Place) -> Key:
    """Tell a place of a slot as `linear.key` tells it."""
    loop = place.loops[place.own]
    return owner, axis, place.start, loop.size, loop.stride


def context_of(
    slot: Slot, bond: Bond, lying: dict[Key, tuple[Extent, Occurrence]]
) -> tuple[Extent, ...] | None:
    """Give the atoms that tell which map a slot has, as units know them."""
    found = []
    for atom in bond.context:
        axis, place = slot.around[atom]
        number = next(k for k, loop in enumerate(place.loops) if loop.extent.root is atom)
        loop = place.loops[number]
        own = lying.get((slot.owner, axis, place.start, loop.size, loop.stride))
        if own is None:
            return None
        found.append(own[0])
    return tuple(found)
