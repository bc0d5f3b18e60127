"""What people call a unit, by what its items do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphgen.units.axes import Note
from graphgen.units.extents import Extent
from graphgen.units.nesting import Occurrence, Occurrences

Inside = Mapping[Extent, list[Extent]]


def kind_of(
    atom: Extent, inside: Inside, roles: Mapping[Extent, list[Note]], tensors: Occurrences
) -> str:
    """Name the kind of an atom's items."""
    said = {note.says for note in roles.get(atom, [])}

    def has(other: Extent, role: str) -> bool:
        return any(note.says == role for note in roles.get(other, []))

    if "hidden" in said:
        return "hidden unit"
    if "head" in said:
        shared = any(
            atom in outer and has(other, "alone") and is_around(tensors[other])
            for other, outer in inside.items()
        )
        return "key-value group" if shared else "head"
    heads = [other for other in inside.get(atom, []) if has(other, "head")]
    if heads and "alone" in said:
        return "query head" if is_around(tensors[atom]) else "value dimension"
    if heads and "dimension" in said:
        return "key dimension"
    if "expert" in said and any(atom in o and has(e, "expert") for e, o in inside.items()):
        return "expert group"
    for role in ("expert", "group", "channel"):
        if role in said:
            return role
    return "neuron"


def is_around(places: Iterable[Occurrence]) -> bool:
    """Whether anything lies inside of an atom where it comes, as the dimensions of a head do."""
    return any(own.place.loops[own.place.own].stride > 1 for own in places)
