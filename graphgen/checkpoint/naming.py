"""Prefixes that the names of a checkpoint and those of an architecture have before one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphgen.errors import GraphError
from spec.checkpoint import Stored


@dataclass(frozen=True)
class Naming:
    """How a stored name reads in one checkpoint: after `added`, and without `dropped`."""

    added: str = ""
    dropped: str = ""

    def __call__(self, name: str) -> str:
        return self.added + name.removeprefix(self.dropped)

    def own(self, name: str) -> str:
        """Give the name that reads so in the checkpoint; undoes the call."""
        return self.dropped + name.removeprefix(self.added)

    def __str__(self) -> str:
        if self.dropped:
            return f"its names lack the prefix {self.dropped!r}"
        return f"its names have the prefix {self.added!r}" if self.added else ""


def naming_of(entries: Sequence[Stored], names: Mapping[str, object], declared: str = "") -> Naming:
    """Find the prefix under which a checkpoint has the names of entries.

    One under which all are there wins: the declared one, none, or the only other one. Where there
    is none, the one under which most are. Raises `GraphError` where several others have them all.
    """
    for prefix in dict.fromkeys((declared, "")):
        if all(prefix + name in names for entry in entries for name in entry.names):
            return Naming(prefix)
    expected: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        for name in (*entry.names, *entry.also):
            expected.setdefault(name, []).append(place)
    votes: dict[Naming, set[int]] = {Naming(declared): set(), Naming(): set()}
    for name in names:
        for prefix, rest in _cuts(name):
            if rest in expected:
                votes.setdefault(Naming(added=prefix), set()).update(expected[rest])
    for name, places in expected.items():
        for prefix, rest in _cuts(name):
            if prefix and rest in names:
                votes.setdefault(Naming(dropped=prefix), set()).update(places)
    for naming, voted in votes.items():
        if naming.dropped:
            _keep_dropped(entries, naming.dropped, voted)
    whole = [naming for naming, places in votes.items() if len(places) == len(entries)]
    for naming in (Naming(declared), Naming()):
        if naming in whole:
            return naming
    if len(whole) > 1:
        listed = ", ".join(repr(each.added or each.dropped) for each in whole[:8])
        raise GraphError(
            f"the tensors of the architecture are there with each of the prefixes {listed}; say "
            "which is meant, as `checkpoint: {prefix: ...}` in the architecture's file"
        )
    return max(votes, key=lambda naming: len(votes[naming]))


def _cuts(name: str) -> list[tuple[str, str]]:
    cuts = [("", name)]
    place = name.find(".")
    while place >= 0:
        cuts.append((name[: place + 1], name[place + 1 :]))
        place = name.find(".", place + 1)
    return cuts


def _keep_dropped(entries: Sequence[Stored], prefix: str, places: set[int]) -> None:
    """Take out what does not begin with a prefix that is to be lacking."""
    places -= {p for p in places if not all(n.startswith(prefix) for n in entries[p].names)}
