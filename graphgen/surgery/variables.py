"""Variables: for which of their values a description in the language is a given architecture."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import spec
from graphgen.errors import GraphError, described, instance
from spec import Architecture
from spec.errors import SpecError, UnusedWarning
from spec.reference import located
from spec.yaml_reader import read, read_file

Values = dict[str, Any]
NEVER = 1 << 30


def variables_for(
    source: str | os.PathLike[str],
    net: Architecture,
    variables: Mapping[str, Any] | None = None,
) -> Values | None:
    """Find values of a description's variables for which it is an architecture; None if none are.

        smaller = spec.load("resnet", width=6)              # or what `graphgen.prune` has left
        graphgen.variables_for("resnet", smaller)           # {'width': 6}

    `source` is a file or a name, `variables` are those that it was loaded with, which come back
    with those that changed. Numbers are tried that the sizes of the two ask for.
    """
    net = instance(net, Architecture, "net")
    if not isinstance(source, (str, os.PathLike)):
        raise GraphError(f"`source` is {described(source)}; expected a file or a name")
    given = {} if variables is None else variables
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise GraphError(f"`variables` is {described(given)}; expected values by name")
    path = located(str(source))
    data = read_file(path).data
    own = data.get("vars") if isinstance(data, dict) else None
    values = {**(own if isinstance(own, dict) else {}), **given}
    result: Values = dict(given)
    while missing := differences(made := spec.load(path, **result), net):
        best = missing
        for name, value in neighbours(values, pairs(made, net)):
            count = differences_of(path, {**result, name: value}, net)
            if count < best:
                best, better = count, {name: value}
        if best == missing:
            return None
        values, result = values | better, result | better
    return result


def said(source: str | os.PathLike[str], net: Architecture, values: Values) -> str | None:
    """Write a description with the values of its variables for which it is an architecture.

    All else in its text stays as it is, and so do its comments. None where its text cannot be
    changed so, as where a value is an alias.
    """
    text = Path(located(str(source))).read_text(encoding="utf-8")
    try:
        text = replaced(text, values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnusedWarning)
            made = spec.loads(text)
    except SpecError:
        return None
    return text if made.hash == net.hash else None


def replaced(text: str, values: Mapping[str, Any]) -> str:
    """Put other numbers into the `vars` of a text."""
    read(text, "<text>")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found: list[tuple[int, int, str]] = []
    for key, node in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value != "vars" or not isinstance(node, yaml.MappingNode):
            continue
        for name, own in node.value:
            if name.value not in values:
                continue
            new = values[name.value]
            several = isinstance(own, yaml.SequenceNode)
            places = zip(own.value, new, strict=True) if several else [(own, new)]
            for place, item in places:
                start, end = place.start_mark.index, place.end_mark.index
                found.append((start, end, yaml.safe_dump(item).split("\n")[0]))
    for start, end, new in sorted(found, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def differences_of(path: str | os.PathLike[str], values: Values, net: Architecture) -> int:
    """Count the layers of a description that are not those of an architecture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnusedWarning)
            return differences(spec.load(path, **values), net)
    except SpecError:
        return NEVER


def differences(one: Architecture, other: Architecture) -> int:
    """Count the layers that are not the same; `NEVER` where the layers are others."""
    if [(a.name, a.type) for a in one.layers] != [(b.name, b.type) for b in other.layers]:
        return NEVER
    return sum(a != b for a, b in zip(one.layers, other.layers, strict=True)) + (
        dict(one.inputs) != dict(other.inputs)
    )


def pairs(one: Architecture, other: Architecture) -> list[tuple[int, int]]:
    """List what sizes have become others, those that did so most often first."""
    votes: dict[tuple[int, int], int] = {}

    def compare(a: Any, b: Any) -> None:
        if isinstance(a, dict) and isinstance(b, dict):
            for key in a.keys() & b.keys():
                compare(a[key], b[key])
        elif isinstance(a, list) and isinstance(b, list):
            for x, y in zip(a, b, strict=False):
                compare(x, y)
        elif type(a) is type(b) is int and a != b:
            votes[a, b] = votes.get((a, b), 0) + 1

    compare(one.resolved()["layers"], other.resolved()["layers"])
    return sorted(votes, key=lambda pair: -votes[pair])


def neighbours(values: Values, changes: list[tuple[int, int]]) -> Iterator[tuple[str, Any]]:
    """List other values of variables, in which a number changes as a size, or by as many times."""
    for name, value in values.items():
        items = value if isinstance(value, list) else [value]
        for k, item in enumerate(items):
            for new in others(item, changes):
                rest = [*items[:k], new, *items[k + 1 :]]
                yield name, rest if isinstance(value, list) else new


def others(item: Any, changes: list[tuple[int, int]]) -> Iterator[Any]:
    """List what a number may become."""
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        return
    found: dict[Any, None] = {}
    for before, after in changes:
        if item == before:
            found.setdefault(type(item)(after))
        if isinstance(item, float):
            found.setdefault(item * after / before)
        elif before and item * after % before == 0:
            found.setdefault(item * after // before)
    yield from (new for new in found if new != item)
