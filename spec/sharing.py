"""Sharing: an entry, or the turns of a repetition, with the tensors of an earlier one.

Each layer stands at a place: the steps that lead to it through lists, turns and calls, without
names. An entry that shares with another finds the tensors of each of its layers at the same steps
from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, Place, StopExpansion
from spec.errors import quoted
from spec.records import record
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.expand import Expander


@record(frozen=True)
class Named:
    """What a layer's tensors are called, and what `parameters` has said of it."""

    type: str
    tensors: Mapping[str, str]
    said: Mapping[str, str]


class Sharing:
    """The places of a description's entries, and the tensors of the layers there."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[str, Place]] = {}
        self.layers: dict[Place, Named] = {}
        self.blocks: dict[Place, str] = {}
        self.shared = 0

    def block_name(self, context: Context, path: Path, full: str) -> str:
        """Give a block's full name, or that of the one with which it shares."""
        place = context.place(path)
        there = context.counterpart(path)
        self.blocks[place] = full if there is None else self.blocks.get(there, full)
        return self.blocks[place]


def sharing(
    expander: Expander, type_: str, raw: Mapping[str, Any], path: Path, context: Context
) -> Context:
    """Let an entry that says `share` have the tensors of the entry that it names."""
    where: Path = (*path, "share")
    name = expander.evaluate(raw.get("share"), where, context)
    if name is None:
        return context
    known = expander.sharing.entries
    for prefix in context.scopes():
        expander.spend(1, path, context)
        full = f"{prefix}{name}"
        if full in known:
            break
    else:
        hint = suggest(str(name), known)
        message = f"`share`: no earlier layer, structure or block is called {quoted(name)}{hint}"
        expander.note(where, message, context)
        raise StopExpansion
    there, target = known[full]
    place = context.place(path)
    problem = ""
    if place[: len(target)] == target:
        problem = f"{quoted(name)} is what this entry lies in: share with one that is finished"
    elif there != type_:
        problem = f"{quoted(name)} is a `{there}`, this is a `{type_}`: share with one of its kind"
    if problem:
        expander.note(where, f"`share`: {problem}", context)
        raise StopExpansion
    if expander.values.get(full) is None:
        return context  # what it is is unknown, and so what it has
    return replace(context, twin=(place, target, quoted(full)))


def must_share(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, before: int
) -> None:
    """Note where an entry shares, but has no tensor."""
    if raw.get("share") and expander.sharing.shared == before and not expander.problems:
        expander.note((*path, "share"), "`share`: nothing here has a tensor: leave it out", context)


def shared_tensors(
    expander: Expander, type_: str, said: Mapping[str, str], path: Path, context: Context
) -> Mapping[str, str] | None:
    """Give the names of a layer's tensors where it shares with another; else None.

    What its `parameters` says otherwise than that of the other layer is its own.
    """
    there = context.counterpart(path)
    if there is None:
        return None
    other = expander.sharing.layers.get(there)
    if other is None or other.type != type_:
        return said
    return {**other.tensors, **{k: name for k, name in said.items() if other.said.get(k) != name}}
