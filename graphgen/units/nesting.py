"""Which atoms are chosen anew inside of each item of others, as the channels of each group are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from graphgen.units.axes import Axes, AxesOf
from graphgen.units.extents import Extent, Place, atoms, places
from spec.primitives import Contract


@dataclass(frozen=True)
class Occurrence:
    """A place of an atom along an axis of a value or a tensor.

    `beside` has the atoms that tell, on other axes, in which of their items it lies: axis, place.
    """

    owner: str
    axis: int
    place: Place
    beside: Mapping[Extent, tuple[int, Place]]

    @property
    def around(self) -> frozenset[Extent]:
        """The atoms that it is in a product with."""
        own = self.place.loops[self.place.own]
        others = Counter(loop.extent.root for loop in self.place.loops if loop is not own)
        return frozenset(e for e, times in others.items() if times == 1 and e.is_atom)


Occurrences = dict[Extent, list[Occurrence]]


def occurrences(owners: dict[str, Axes]) -> Occurrences:
    """List the places of each atom."""
    found: Occurrences = {}
    for owner, axes in owners.items():
        listed = [(k, place) for k, axis in enumerate(axes) for place in places(axis, full)]
        times = Counter(place.atom for _, place in listed)
        alone = {
            place.atom: (k, place)
            for k, place in listed
            if times[place.atom] == 1 and covers(place, axes[k].size)
        }
        for k, place in listed:
            if place.atom.size > 1:
                found.setdefault(place.atom, []).append(Occurrence(owner, k, place, alone))
    return found


def covers(place: Place, size: int) -> bool:
    """Whether each item of an axis of more than one lies in an item of the place's atom."""
    return size > 1 and prod(loop.size for loop in place.loops) == size


def full(atom: Extent) -> int:
    """Give the size of an atom of which nothing is gone."""
    return atom.size


def nesting(axes: AxesOf, values: Occurrences, tensors: Occurrences) -> dict[Extent, list[Extent]]:
    """List for each atom the atoms that it lies inside of, wherever it comes."""
    inside: dict[Extent, list[Extent]] = {}
    rank = {atom: k for k, atom in enumerate(dict.fromkeys((*tensors, *values)))}
    for atom in tensors:
        common: frozenset[Extent] | None = None
        for own in (*tensors[atom], *values.get(atom, [])):
            around = (own.around | own.beside.keys()) - {atom}
            common = around if common is None else common & around
            if not common:
                break
        inside[atom] = sorted(common or (), key=rank.__getitem__)
    for operation in axes.net.operations:
        if isinstance(operation.primitive, Contract):
            _check(axes, operation, inside)
    for along, others in axes.mixed:
        met = {atom for axis in along for atom in atoms(axis)}
        for atom in {atom for axis in others for atom in atoms(axis)} & inside.keys():
            inside[atom] = [outer for outer in inside[atom] if outer not in met]
    return inside


def _check(axes: AxesOf, operation: Any, inside: dict[Extent, list[Extent]]) -> None:
    """Let go of what a product joins across: items that meet lie in the same item of the other."""
    operands = [*axes.inputs(operation), *axes.parameters(operation)]
    written = operation.primitive.operands
    for letter in dict.fromkeys("".join(written)):
        own = next(
            a[w.index(letter)] for w, a in zip(written, operands, strict=True) if letter in w
        )
        for place in places(own, full):
            outer = inside.get(place.atom)
            if not outer:
                continue
            along = {loop.extent.root for loop in place.loops}
            for other in [e for e in outer if e not in along]:
                met = [
                    {c for c, a in zip(w, x, strict=True) if c != letter and other in atoms(a)}
                    for w, x in zip(written, operands, strict=True)
                    if letter in w
                ]
                if any(len(letters) != 1 or letters != met[0] for letters in met):
                    outer.remove(other)
