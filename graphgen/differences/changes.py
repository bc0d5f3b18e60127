"""What differs between two architectures, layer by layer, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphgen.differences.layers import COMMUTING, Alignment, Listed
from graphgen.differences.patterns import pattern

MOST_TRIED = 64
"""Of so many layers that read something else it is tried which have moved."""
SIGNS = {"added": "+", "removed": "-", "renamed": "=", "reordered": "=", "spelled": "="}


@dataclass(frozen=True)
class Change:
    """A difference of two architectures.

    `kind` is `variable`, `added`, `removed`, `changed`, `moved`, `tied`, `input`, `output`, or, of
    what makes no difference to the function, `renamed`, `reordered` and `spelled`. `name` is a
    layer's (of the second network where that was added) or a variable's, `what` says what; `count`
    layers of one pattern do so.
    """

    kind: str
    name: str
    what: str
    count: int = 1

    def __str__(self) -> str:
        times = f" ({self.count})" if self.count > 1 else ""
        sign = SIGNS.get(self.kind, "~")
        told = "" if self.kind in ("added", "removed", "changed") else f"{self.kind}: "
        return f"{sign} {self.name}{times}: {told}{self.what}"


def changes_of(found: Alignment) -> list[Change]:
    """List what differs, layers of one pattern together."""
    a, b = found.first, found.second
    listed = [*ends(found)]
    for number, layer in enumerate(a.layers):
        if number not in found.ours:
            listed.append(Change("removed", layer.name, said(a, number)))
    for number, layer in enumerate(b.layers):
        if number not in found.theirs:
            listed.append(Change("added", layer.name, said(b, number)))
    for one, other in found.pairs:
        listed += of_pair(found, one, other)
    listed += moves(found)
    listed += sharing(found)
    listed += renamed([(x.name, y.name) for x, y in found.layers()])
    listed += renamed(tensor_names(found))
    order = [other for _, other in found.pairs]
    if order != sorted(order) and not any(change.kind == "moved" for change in listed):
        listed.append(Change("reordered", "layers", "listed in another order"))
    return together(listed)


def said(side: Listed, number: int) -> str:
    """Describe a layer: what it is, and behind which it stands."""
    layer = side.layers[number]
    shapes = [side.net.tensors[name].shape for name in layer.tensors.values()]
    told = ", ".join(str(list(shape)) for shape in shapes)
    behind = ", ".join(dict.fromkeys(side.inputs[number]))
    return f"{layer.type}{f' {told}' if told else ''}, behind {behind}"


def of_pair(found: Alignment, one: int, other: int) -> list[Change]:
    """List what differs in one layer."""
    a, b = found.first, found.second
    x, y = a.layers[one], b.layers[other]
    parts = []
    if x.type != y.type:
        parts.append(f"{x.type} -> {y.type}")
    mine, theirs = a.fields[one], b.fields[other]
    parts.extend(
        f"{key} {shown(mine.get(key))} -> {shown(theirs.get(key))}"
        for key in [*mine, *(key for key in theirs if key not in mine)]
        if x.type == y.type and mine.get(key) != theirs.get(key)
    )
    for role, name in x.tensors.items():
        old = a.net.tensors[name]
        new = b.net.tensors.get(y.tensors.get(role, ""))
        if new is not None and old.shape != new.shape:
            parts.append(f"{role} {list(old.shape)} -> {list(new.shape)}")
    if dict(x.parametrizations) != dict(y.parametrizations):
        parts.append("another parametrization")
    if not parts and {*x.tensors} != {*y.tensors}:
        parts.append("other tensors")
    kind = "" if x.type != y.type else f"{x.type}: "
    return [Change("changed", x.name, kind + ", ".join(parts))] if parts else []


def shown(value: Any) -> str:
    """Write a field's value."""
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def moves(found: Alignment) -> list[Change]:
    """List layers that stand elsewhere: as few as say why others read something else."""
    away: set[tuple[int, int]] = set()
    listed = []
    left = elsewhere(found, away)
    while left:
        best = left[0]
        if len(left) <= MOST_TRIED:
            counts = {pair: len(elsewhere(found, {*away, pair})) for pair in left}
            best = min(left, key=lambda pair: counts[pair])
        mine, theirs = sources(found, *best, away)
        listed.append(
            Change(
                "moved",
                found.first.layers[best[0]].name,
                f"behind {', '.join(mine)} -> {', '.join(theirs)}",
            )
        )
        away.add(best)
        left = elsewhere(found, away) if len(left) <= MOST_TRIED else left[1:]
    return listed


def elsewhere(found: Alignment, away: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """List the layers that read other values in either, past those that are known to have moved."""
    result = []
    for pair in found.pairs:
        if pair not in away:
            mine, theirs = sources(found, *pair, away)
            commute = all(
                side.layers[place].type in COMMUTING
                for side, place in zip((found.first, found.second), pair, strict=True)
            )
            if mine != theirs and not (commute and sorted(mine) == sorted(theirs)):
                result.append(pair)
    return result


def sources(
    found: Alignment, one: int, other: int, away: set[tuple[int, int]]
) -> tuple[list[str], list[str]]:
    """Name what a layer reads in either, by the first's names, past layers that one lacks."""
    a, b = found.first, found.second
    order = dict(zip(b.net.inputs, a.net.inputs, strict=False))
    gone = {pair[0] for pair in away}, {pair[1] for pair in away}
    mine = [past(a, name, found.ours, gone[0]) for name in a.inputs[one]]
    theirs = []
    for name in b.inputs[other]:
        origin = past(b, name, found.theirs, gone[1])
        place = b.place.get(origin)
        if place in found.theirs:
            theirs.append(a.layers[found.theirs[place]].name)
        else:
            theirs.append(order.get(origin, origin))
    return mine, theirs


def past(side: Listed, name: str, known: dict[int, int], away: set[int]) -> str:
    """Go back to what both have: past a layer that the other lacks, by what it reads first."""
    while (place := side.place.get(name)) is not None and (place not in known or place in away):
        if not side.inputs[place]:
            break
        name = side.inputs[place][0]
    return name


def ends(found: Alignment) -> Iterable[Change]:
    """List what differs in inputs and outputs."""
    a, b = found.first.net, found.second.net
    mine, theirs = list(a.inputs.items()), list(b.inputs.items())
    for (name, shape), (other, second) in zip(mine, theirs, strict=False):
        if shape != second:
            yield Change("input", name, f"{list(shape)} -> {list(second)}")
        if name != other:
            yield Change("renamed", name, other)
    for name, shape in mine[len(theirs) :]:
        yield Change("input", name, f"{list(shape)} -> none")
    for name, shape in theirs[len(mine) :]:
        yield Change("input", name, f"none -> {list(shape)}")
    if a.output_shapes != b.output_shapes:
        shapes = ([list(shape) for shape in net.output_shapes] for net in (a, b))
        yield Change("output", "outputs", "{} -> {}".format(*shapes))


def sharing(found: Alignment) -> Iterable[Change]:
    """List tensors that one network has once, and the other several times."""
    a, b = found.first.net, found.second.net
    mine: dict[str, dict[str, None]] = {}
    theirs: dict[str, dict[str, None]] = {}
    for x, y in found.layers():
        for role, name in x.tensors.items():
            other = y.tensors.get(role)
            if other is not None:
                mine.setdefault(name, {})[other] = None
                theirs.setdefault(other, {})[name] = None
    for name, others in mine.items():
        if len(others) > 1 and name in a.tensors:
            yield Change("tied", name, f"one tensor -> {', '.join(others)}")
    for name, others in theirs.items():
        if len(others) > 1 and name in b.tensors:
            yield Change("tied", name, f"{', '.join(others)} -> one tensor")


def tensor_names(found: Alignment) -> list[tuple[str, str]]:
    """Pair the names of tensors that are not called after their layers in both, and one in both."""
    pairs: dict[tuple[str, str], bool] = {}
    for x, y in found.layers():
        for role, name in x.tensors.items():
            other = y.tensors.get(role)
            if other is not None and x.type == y.type:
                pairs[name, other] = (name, other) != (f"{x.name}.{role}", f"{y.name}.{role}")
    ours, theirs = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    return [(a, b) for (a, b), own in pairs.items() if own and a != b and ours[a] == theirs[b] == 1]


def renamed(pairs: Sequence[tuple[str, str]]) -> list[Change]:
    """List names that are others; those that differ in numbers alone in one line."""
    result = []
    numbered = []
    for one, other in pairs:
        if one == other:
            continue
        if pattern(one) == pattern(other):
            numbered.append((one, other))
        else:
            result.append(Change("renamed", one, other))
    if numbered:
        shown_ = ", ".join(f"{one} is {other}" for one, other in numbered[:3])
        more = ", ..." if len(numbered) > 3 else ""
        result.append(Change("renamed", "numbers", f"{shown_}{more}", len(numbered)))
    return result


def together(changes: Iterable[Change]) -> list[Change]:
    """Put changes that differ in the numbers of their names alone in one."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        key = (change.kind, pattern(change.name), masked(change.what))
        groups.setdefault(key, []).append(change)
    result = []
    for (kind, name, what), group in groups.items():
        if len(group) == 1 or "*" not in name:
            result += group
        else:
            result.append(Change(kind, name, what, len(group)))
    return result


def masked(text: str) -> str:
    """Put stars for the numbers in the names that a text has: those between dots."""
    return " ".join(
        pattern(part.rstrip(",")) + ("," if part.endswith(",") else "")
        if "." in part and any(c.isalpha() for c in part) and not part[0].isdigit()
        else part
        for part in text.split(" ")
    )
