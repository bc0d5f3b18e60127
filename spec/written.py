"""The entries of a description as they are written, whether or not they are ever expanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spec.context import Path
from spec.records import record

LISTS = {
    "sequential": ("layers",),
    "repeat": ("layers",),
    "residual": ("body", "shortcut"),
    "parallel": ("branches", "layers"),
    "scan": ("body",),
}
"""The fields of the structures that hold lists of layers."""


@record(frozen=True)
class Written:
    """One entry: its type as it is written, its fields, and the indices of repetitions around it.

    `first`: it is the first of its list.
    """

    type: str
    fields: Mapping[str, Any]
    path: Path
    indices: frozenset[str]
    first: bool

    def strings(self) -> Iterator[tuple[Path, str]]:
        """Yield the strings of the entry with their places, but for the lists of a structure."""
        yield self.path, self.type
        for key, value in self.fields.items():
            if key not in LISTS.get(self.type, ()):
                yield from strings(value, (*self.path, key))


def entries_written(
    items: Any, path: Path, indices: frozenset[str] = frozenset()
) -> Iterator[Written]:
    """Yield the entries of a list of layers and of the lists inside its structures."""
    for place, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, str):
            yield Written(item, {}, (*path, place), indices, place == 0)
        elif isinstance(item, dict) and len(item) == 1:
            ((type_, fields),) = item.items()
            fields = fields if isinstance(fields, dict) else {}
            entry = Written(type_, fields, (*path, place, type_), indices, place == 0)
            yield entry
            counts = type_ == "repeat" or (type_ == "parallel" and "layers" in fields)
            index = fields.get("index", "i") if counts else None
            inside = indices | {index} if isinstance(index, str) else indices
            for key in LISTS.get(type_, ()):
                where: Path = (*entry.path, key)
                if key == "branches" and isinstance(fields.get(key), list):
                    for number, branch in enumerate(fields[key]):
                        yield from entries_written(branch, (*where, number), inside)
                else:
                    yield from entries_written(fields.get(key), where, inside)


def strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the strings inside a value, with their places."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from strings(item, (*path, place))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*path, key))
