"""Collecting: the results of a repetition's turns, or of a list's entries, under one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.layer import Value

if TYPE_CHECKING:
    from spec.expand import Expander


class Collection:
    """Values that are gathered one after the other; `read` once something takes them."""

    def __init__(self, expander: Expander, name: str, path: Path, context: Context) -> None:
        self.expander, self.name, self.path, self.context = expander, name, path, context
        self.values: list[Value | None] = []
        self.read = False

    def add(self, value: Value | None) -> None:
        """Take one more value, which has the collection's name and its number."""
        full = f"{self.context.prefix}{self.name}.{len(self.values)}"
        if full in self.expander.values:
            message = f"two values have the name {quoted(full)}: take another name"
            self.expander.note(self.path, f"`collect`: {message}", self.context)
            raise StopExpansion
        self.expander.spend(1, self.path, self.context)
        self.expander.reserved[full] = f"one of what is collected as {quoted(self.name)}"
        self.expander.values[full] = value
        self.values.append(value)


def collection(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context
) -> Collection | None:
    """Begin the collection that a structure names, if it does."""
    where: Path = (*path, "collect")
    name = expander.evaluate(raw.get("collect"), where, context)
    if name is None:
        return None
    full = f"{context.prefix}{name}"
    if not isinstance(name, str) or not name:
        expander.note(where, f"`collect`: expected a name, got {quoted(name)}", context)
        raise StopExpansion
    if full in expander.values or full in expander.collections:
        message = f"`collect`: two values have the name {quoted(full)}: take another name"
        expander.note(where, message, context)
        raise StopExpansion
    expander.reserved[full] = "what is collected"
    expander.collections[full] = Collection(expander, name, where, context)
    return expander.collections[full]


def note_uncollected(expander: Expander) -> None:
    """Note the collections that nothing reads."""
    for found in expander.collections.values():
        if not found.read:
            message = f"nothing reads what is collected as {quoted(found.name)}: leave it out"
            expander.note(found.path, message, found.context)
