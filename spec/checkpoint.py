"""The form that an architecture's tensors have in checkpoints: names, axes, and what is packed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from spec.name_patterns import NamePattern
from spec.primitives import Shape
from spec.rearrangement import Rearrangement
from spec.records import record

SAME = "same"
"""What `axes` says of a tensor that is stored as the architecture has it."""


@record(frozen=True)
class Stored:
    """Tensors of a checkpoint, and those of the architecture that they are.

    `names` and `tensors` have one entry each, or one has several: stored tensors that are pieces of
    one of the architecture's along `dim`, or one that packs several. `pieces` are shapes of pieces
    as the architecture has them, `shapes` those of the stored tensors; `axes` leads from the latter
    to the former, for each piece of one tensor, or for a packed tensor as a whole. `also` has other
    names of a stored tensor, which all hold the same. `declared`: the axes were.
    """

    names: tuple[str, ...]
    tensors: tuple[str, ...]
    shapes: tuple[Shape, ...]
    pieces: tuple[Shape, ...]
    axes: tuple[Rearrangement, ...] = ()
    dim: int = 0
    also: tuple[str, ...] = ()
    declared: bool = False

    @property
    def moved(self) -> bool:
        """Whether a tensor is stored with its axes in another order."""
        return any(axes.crosses for axes in self.axes)


@record(frozen=True)
class CheckpointMap:
    """What an architecture says of its checkpoints; see `checkpoint` in the language.

    `entries` are those of the tensors that are stored otherwise than the architecture has them.
    """

    section: str | None = None
    prefix: str = ""
    entries: tuple[Stored, ...] = ()
    unread: tuple[str, ...] = ()

    @cached_property
    def unread_patterns(self) -> tuple[NamePattern, ...]:
        """The patterns of names that are not read."""
        return tuple(NamePattern(text) for text in self.unread)

    @cached_property
    def by_tensor(self) -> Mapping[str, Stored]:
        """The entry of each of the architecture's tensors that has one."""
        return MappingProxyType({name: e for e in self.entries for name in e.tensors})

    def resolved(self) -> dict[str, Any]:
        """Give it as plain data, each tensor by its name."""
        form: dict[str, Any] = {}
        if self.section is not None:
            form["section"] = literal(self.section)
        if self.prefix:
            form["prefix"] = literal(self.prefix)
        tensors, packed = {}, {}
        for entry in self.entries:
            if len(entry.tensors) > 1:
                parts = [literal(name) for name in entry.tensors]
                packed[entry.names[0]] = {"parts": parts, **_fields(entry)}
            else:
                names = [literal(name) for name in entry.names]
                stored: Any = names if len(names) > 1 else names[0]
                tensors[entry.tensors[0]] = {"stored": stored, **_fields(entry)}
        form |= {"tensors": tensors} if tensors else {}
        form |= {"packed": packed} if packed else {}
        return form | ({"unread": [literal(text) for text in self.unread]} if self.unread else {})


def _fields(entry: Stored) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if entry.axes:
        (sizes, *_) = [dict(axes.sizes) for axes in entry.axes]
        own = entry.axes[0].own
        given = {name for group in own if len(group) > 1 for name in group[1:]}
        fields["axes"] = entry.axes[0].text
        fields |= {"sizes": {n: s for n, s in sizes.items() if n in given}} if given else {}
    elif entry.declared:
        fields["axes"] = SAME
    if len(entry.names) > 1 or len(entry.tensors) > 1:
        fields["dim"] = entry.dim
    if len(entry.names) > 1:
        fields["lengths"] = [shape[entry.dim] for shape in entry.pieces]
    if entry.also:
        fields["also"] = [literal(name) for name in entry.also]
    return fields


def literal(name: str) -> str:
    """Write a name such that no variable is read into it."""
    return name.replace("$", "$$")
