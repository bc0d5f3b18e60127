"""The networks that charts and records show, as columns that all of them share."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.report.inputs import Content

MOST_NUMBERS = 400_000
"""Numbers of networks that a page holds at most: of more networks, some are left out evenly."""
MOST_CHOICES, DECADES = 20, 30.0
GROUPS = ("variables", "training", "labels", "metrics")
_COMMON = ("model", "seed", "network", "family", "split")


def networks(content: Content) -> dict[str, Any]:
    """Give the networks of a report: what each is, how it was made, and what was predicted of it.

    A column is a list of numbers, None where there is none, or `{"words": [...], "codes": [...]}`.
    """
    known = {str(n.get("index", i)): n for i, n in enumerate(content.networks)}
    rows = outcomes(content)
    about = {row["network"]: row for row in rows}
    keys = settings(content)
    runs = {(row["model"], row["seed"]) for row in rows}
    names = chosen(known, about, MOST_NUMBERS // (len(keys) + len(runs) + 8))
    place = {name: i for i, name in enumerate(names)}
    records = [known.get(name, {}) for name in names]
    family = [
        str(r.get("family", about.get(n, {}).get("family", "unknown")))
        for n, r in zip(names, records, strict=True)
    ]
    fixed = {
        "split": [about.get(name, {}).get("split") for name in names],
        "architecture": [short(r.get("architecture")) for r in records],
        "status": [r.get("status") for r in records],
        "parameters": [r.get("parameters") for r in records],
    }
    scales = declared(content)
    columns = [{"name": k, "group": "", **packed(v)} for k, v in fixed.items()]
    for group, key in keys:
        values = [(r.get(group) or {}).get(key) for r in records]
        columns.append({"name": key, "group": group, **packed(values)})
        if group in GROUPS[:2]:
            columns[-1]["scale"] = scale(values, scales.get(key))
    columns[3]["scale"] = scale(fixed["parameters"], None)
    return {
        "ids": names,
        "families": list(content.families),
        "family": [content.families.index(name) for name in family],
        "columns": [column for column in columns if any(has(column))],
        "target": content.target,
        "left": len({*known, *about}) - len(names),
        **systems(content, rows, place),
    }


def outcomes(content: Content) -> list[dict[str, Any]]:
    """Give predictions of any task as rows: the common columns, and values by what they are."""
    if not content.predicted:
        return [dict(row) for row in content.rows]
    target = content.target
    return [
        {
            **{name: getattr(p, name) for name in _COMMON},
            "seed": str(p.seed),
            f"true {target}": p.true,
            f"predicted {target}": p.predicted,
        }
        for p in content.predicted
    ]


def chosen(known: Iterable[str], about: Mapping[str, Any], most: int) -> list[str]:
    """Choose the networks that are shown, those first that something was predicted of."""
    scored = list(about)
    rest = [name for name in known if name not in about]
    kept = thin(scored, most)
    kept += thin(rest, max(most - len(kept), 0))
    order = {name: i for i, name in enumerate([*known, *scored])}
    return sorted(kept, key=order.__getitem__)


def thin(items: Sequence[str], most: int) -> list[str]:
    """At most so many of the items, evenly spaced."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).astype(int)]


def settings(content: Content) -> list[tuple[str, str]]:
    """List what records of networks say, by group and key."""
    found: dict[tuple[str, str], None] = {}
    for group in GROUPS:
        for network in content.networks:
            for key in network.get(group) or {}:
                # A seed is a number without a meaning as one.
                if (group, key) != ("training", "seed"):
                    found[group, str(key)] = None
    return list(found)


def systems(
    content: Content, rows: Sequence[Mapping[str, Any]], place: Mapping[str, int]
) -> dict[str, Any]:
    """Give what is true of networks, and what each system made of them with each seed."""
    kinds = [key for key in (rows[0] if rows else {}) if key not in (*_COMMON, "group")]
    values: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        if row["network"] not in place:
            continue
        for kind in kinds:
            model, seed = ("", "") if kind.startswith("true") else (row["model"], row["seed"])
            column = values.setdefault((kind, model, seed), [None] * len(place))
            column[place[row["network"]]] = number(row.get(kind))
    seeds: dict[str, list[str]] = {model: [] for model in content.models}
    for model, seed in sorted({(r["model"], r["seed"]) for r in rows}, key=lambda run: int(run[1])):
        seeds[model].append(seed)
    told = [kind for kind in kinds if not kind.startswith("true")]
    return {
        "truth": {
            label_of(kind, content): packed(own) for (kind, m, _), own in values.items() if not m
        },
        "systems": [
            {
                "name": model,
                "seeds": seeds[model],
                "told": {
                    label_of(kind, content): [packed(values[kind, model, s]) for s in seeds[model]]
                    for kind in told
                    if (kind, model, seeds[model][0]) in values
                },
            }
            for model in content.models
            if seeds[model]
        ],
    }


def label_of(kind: str, content: Content) -> str:
    """Name what a column of predictions is of."""
    first, _, rest = kind.partition(" ")
    return (rest or content.target) if first in ("true", "predicted") else kind


def declared(content: Content) -> dict[str, str]:
    """Say which kind of range the zoo's settings give each key that is drawn at random."""
    zoo = content.zoo_index.get("zoo")
    zoo = zoo if isinstance(zoo, Mapping) else {}
    drawn = zoo.get("architectures")
    sections = [zoo.get("training")]
    sections += [a.get("variables") for a in drawn or () if isinstance(a, Mapping)]
    found: dict[str, str] = {}
    for section in sections:
        for key, value in (section if isinstance(section, Mapping) else {}).items():
            if isinstance(value, Mapping) and len(value) == 1:
                found.setdefault(str(key), str(next(iter(value))))
    return found


def scale(values: Sequence[Any], kind: str | None) -> str:
    """Give the scale that a range has: "log", "linear" or "choice"; "constant" where none is."""
    known = [v for v in values if v is not None and (not is_number(v) or math.isfinite(v))]
    distinct = {text(v) for v in known}
    if len(distinct) < 2:
        return "constant"
    numbers = all(is_number(v) for v in known)
    if not numbers:
        return "choice" if len(distinct) <= MOST_CHOICES else "words"
    positive = min(known) > 0
    if kind in ("uniform", "log_uniform"):
        return "log" if kind == "log_uniform" and positive else "linear"
    if kind == "choice" and len(distinct) <= MOST_CHOICES:
        return "choice"
    if len(distinct) <= 6:
        return "choice"
    wide = kind is None and positive and max(known) / min(known) > DECADES
    return "log" if wide else "linear"


def packed(values: Sequence[Any]) -> dict[str, Any]:
    """Write a column, numbers to four digits."""
    known = [v for v in values if v is not None]
    if all(is_number(v) for v in known):
        return {"values": [None if v is None else rounded(v) for v in values]}
    words = list(dict.fromkeys(text(v) for v in known))
    place = {word: i for i, word in enumerate(words)}
    return {"words": words, "codes": [-1 if v is None else place[text(v)] for v in values]}


def has(column: Mapping[str, Any]) -> list[bool]:
    """Say where a column has something."""
    if "codes" in column:
        return [code >= 0 for code in column["codes"]]
    return [value is not None for value in column["values"]]


def is_number(value: Any) -> bool:
    """Say whether a value is a number, and no truth value."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def number(value: Any) -> Any:
    """Give what a cell says as a number, where it is one."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def rounded(value: Any, digits: int = 4) -> float | int | None:
    """Round to so many digits; whole numbers stay as they are."""
    if not math.isfinite(value):
        return None
    if float(value).is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")


def text(value: Any) -> str:
    """Write a setting that is no number."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def short(name: Any) -> str | None:
    """Shorten a hash."""
    return None if name is None else str(name)[:12]
