"""Names that follow one pattern, as one rule: `blocks.*.q.weight` for a rule a block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from graphgen.differences.rules import Rule

Names = tuple[str, ...]
Written = tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]


def by_pattern(
    rules: Sequence[Rule], names: Sequence[str], every: bool = False
) -> Iterator[Written]:
    """Write rules, those that differ in numbers of their names alone as one.

    `names` are all tensors of the architecture: a pattern may be that of none that has another
    rule. What is stored as it is called is left out, unless `every` rule is asked for.
    """
    groups: dict[tuple[Any, ...], list[Rule]] = {}
    for rule in rules:
        key = (starred(rule), repr(rule.fields()))
        groups.setdefault(key, []).append(rule)
    claimed: dict[str, int] = {}
    for name in names:
        claimed[pattern(name)] = claimed.get(pattern(name), 0) + 1
    for (stars, _), group in groups.items():
        fields = group[0].fields()
        if stars is not None:
            own, stored, also = stars
            if len(group) == claimed.get(own[0], 0) > 1:
                if every or own != stored or fields:
                    yield own, stored, ({**fields, "also": list(also)} if also else fields)
                continue
        for rule in group:
            if every or not rule.is_plain or rule.own != rule.stored:
                yield rule.own, rule.stored, rule.fields()


def starred(rule: Rule) -> tuple[Names, Names, Names] | None:
    """Give the names of a rule with stars for numbers, which all of them have alike; else None."""
    every = [*rule.own, *rule.stored, *rule.also]
    if len({numbers(name) for name in every}) > 1 or any("*" in name for name in every):
        return None
    own, stored, also = (
        tuple(pattern(name) for name in side) for side in (rule.own, rule.stored, rule.also)
    )
    return own, stored, also


def pattern(name: str) -> str:
    """Put a star for each part of a name that is a number.

    >>> pattern("h.3.attn.weight")
    'h.*.attn.weight'
    """
    return ".".join("*" if re.fullmatch("[0-9]+", part) else part for part in name.split("."))


def numbers(name: str) -> tuple[str, ...]:
    """Give the parts of a name that are numbers."""
    return tuple(part for part in name.split(".") if re.fullmatch("[0-9]+", part))
