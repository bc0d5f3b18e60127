"""The section `checkpoint`: how a file has the tensors, in as few patterns as say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphgen.checkpoint.other_orders import is_unclear
from graphgen.checkpoint.unclear import foreign_name
from graphgen.importers.writing.storage import Relation
from spec.checkpoint import SAME
from spec.name_patterns import NamePattern

MOST_RULES = 60
"""More rules than that are no description any more: the weights are to be written out."""
_DIGITS = re.compile(r"\d+")

Rule = tuple[str, Any]
"""A pattern, and what stands behind it."""


def section(
    found: Sequence[Relation], stored: Mapping[str, Any], matrices: Iterable[str]
) -> dict[str, Any] | None:
    """Give the section for relations between tensors and stored arrays; {} if there is none to say.

    None where no patterns can say it, or too many would have to.
    """
    names = [name for relation in found for name in relation.tensors]
    texts = [t for r in found for t in (r.stored, *r.also)]
    if any("*" in text or not text or len(text) > 1_000 for text in texts):
        return None
    arrays = {name: stored[name] for name in stored}
    own = {name: _Shaped(len(r.shape)) for r in found for name in r.tensors}
    unsure = (
        any(relation.moved for relation in found)
        or foreign_name(arrays) is not None
        or foreign_name(own) is not None  # type: ignore[arg-type]
    )
    same = {*matrices} if unsure else set()
    tensors, packed = [], []
    for relation in found:
        value = _value(relation, same)
        if len(relation.tensors) > 1:
            packed.append((relation.stored, {"parts": [*relation.tensors], **value}))
        elif value or relation.stored != relation.tensors[0]:
            rest = {"stored": relation.stored} if relation.stored != relation.tensors[0] else {}
            tensors.append((relation.tensors[0], {**rest, **value}))
    known = {*texts}
    unread = _unread([name for name in stored if name not in known], known)
    result: dict[str, Any] = {}
    rules = tensor_rules(tensors, names)
    if rules:
        result["tensors"] = {pattern: _short(value) for pattern, value in rules}
    packs = packed_rules(packed, names)
    if packs:
        result["packed"] = dict(packs)
    if unread:
        result["unread"] = unread
    return result if len(rules) + len(packs) + len(unread) <= MOST_RULES else None


def _value(relation: Relation, same: set[str]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if relation.axes:
        value["axes"] = relation.axes
        value |= {"sizes": dict(relation.sizes)} if relation.sizes else {}
    elif is_unclear(relation.shape) and not same.isdisjoint(relation.tensors):
        value["axes"] = SAME
    if relation.dim:
        value["dim"] = relation.dim
    if relation.also:
        value["also"] = relation.also[0] if len(relation.also) == 1 else [*relation.also]
    return value


def _short(value: dict[str, Any]) -> Any:
    return value["stored"] if [*value] == ["stored"] else value


class _Shaped:
    def __init__(self, ndim: int) -> None:
        self.ndim = ndim


def tensor_rules(rules: Sequence[Rule], names: Sequence[str]) -> list[Rule]:
    """Write rules on tensors by patterns where several are alike; `names` are all tensors."""
    meant = dict(rules)
    for widen in (_numbers, _last, _first):
        groups: dict[str, list[Rule]] = {}
        for pattern, value in rules:
            wide = widen(pattern, value)
            groups.setdefault(repr(wide) if wide else repr((pattern, value)), []).append(
                (pattern, value)
            )
        kept: list[Rule] = []
        for members in groups.values():
            wide = widen(*members[0])
            if len(members) > 1 and wide and _says(wide, meant, names):
                kept.append(wide)
            else:
                kept += members
        rules = kept
    return [*rules]


def _says(rule: Rule, meant: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Say whether a rule says of all tensors that have its pattern what is meant."""
    pattern = NamePattern(rule[0])
    for name in names:
        parts = pattern.match(name)
        if parts is None:
            continue
        said = filled(rule[1], parts, name)
        # Of one that is stored as it is that may be said, too.
        if said != meant.get(name) and (said != {"axes": SAME} or name in meant):
            return False
    return True


def filled(value: Mapping[str, Any], parts: tuple[str, ...], name: str) -> dict[str, Any]:
    """Give what a rule says of a tensor whose name has these parts for its wildcards."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key in ("stored", "also"):
            texts = [NamePattern(text).fill(parts) for text in _listed(item)]
            item = texts if isinstance(item, list) else texts[0]
        found[key] = item
    if found.get("stored") == name:
        del found["stored"]
    return found


def _numbers(pattern: str, value: dict[str, Any]) -> Rule | None:
    """Put a star for each number."""
    texts = _texts(value)
    numbers = _DIGITS.findall(pattern)
    if not numbers or any(_DIGITS.findall(text) != numbers for text in texts):
        return None
    return _DIGITS.sub("*", pattern), _replaced(value, lambda text: _DIGITS.sub("*", text))


def _last(pattern: str, value: dict[str, Any]) -> Rule | None:
    """Put a star for the last part, which says which tensor of a layer it is."""
    head, dot, last = pattern.rpartition(".")
    texts = _texts(value)
    if not dot or "*" in last or any(not text.endswith(f".{last}") for text in texts):
        return None
    return f"{head}.*", _replaced(value, lambda text: text[: -len(last)] + "*")


def _first(pattern: str, value: dict[str, Any]) -> Rule | None:
    """Put two stars for what the names have in common in front."""
    texts = _texts(value)
    parts = pattern.split(".")
    if not texts:
        return None
    others = [text.split(".") for text in texts]
    same = 0
    while all(
        len(o) > same + 1 and len(parts) > same + 1 and o[same] == parts[same] for o in others
    ):
        same += 1
    if not same or any("*" in part for part in parts[same:] if part != "*"):
        return None
    cut = len(".".join(parts[:same]))
    return "**" + pattern[cut:], _replaced(value, lambda text: "**" + text[cut:])


def packed_rules(rules: Sequence[Rule], names: Sequence[str]) -> list[Rule]:
    """Write rules on stored arrays that hold several tensors, by patterns where many are alike."""
    groups: dict[str, list[Rule]] = {}
    for stored, value in rules:
        numbers = _DIGITS.findall(stored)
        alike = bool(numbers) and all(_DIGITS.findall(t) == numbers for t in _texts(value))
        wide = (
            _DIGITS.sub("*", stored),
            _replaced(value, lambda text: _DIGITS.sub("*", text)),
        )
        groups.setdefault(repr(wide if alike else (stored, value)), []).append((stored, value))
    kept: list[Rule] = []
    for members in groups.values():
        stored, value = members[0]
        wide = _DIGITS.sub("*", stored), _replaced(value, lambda text: _DIGITS.sub("*", text))
        leading = NamePattern(wide[1]["parts"][0])
        count = sum(leading.match(name) is not None for name in names)
        if len(members) > 1 and count == len(members):
            kept.append(wide)
        else:
            kept += members
    return kept


def _unread(left: Sequence[str], known: set[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in left:
        wide = _DIGITS.sub("*", name)
        last = f"**.{name.rpartition('.')[2]}" if "." in name else name
        options = [text for text in (last, wide) if not any(map(NamePattern(text).match, known))]
        if any(NamePattern(text).match(name) is not None for text in found):
            continue
        if "*" not in name:
            found[options[0] if options else name] = None
    return [*found]


def _texts(value: Mapping[str, Any]) -> list[str]:
    return [t for key in ("stored", "also", "parts") for t in _listed(value.get(key, []))]


def _listed(item: Any) -> list[str]:
    return [*item] if isinstance(item, list) else [item]


def _replaced(value: Mapping[str, Any], change: Any) -> dict[str, Any]:
    return {
        key: ([change(t) for t in item] if isinstance(item, list) else change(item))
        if key in ("stored", "also", "parts")
        else item
        for key, item in value.items()
    }
