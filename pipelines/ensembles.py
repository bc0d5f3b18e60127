"""Ensembles: several models that answer as one, by the mean of what they predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Any

from pipelines.metrics.outcomes import PREDICTED, TRUE

PROBABILITY = "probability"

Row = Mapping[str, Any]
Members = Mapping[str, Sequence[str]]


def ensembles_of(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """List the members of each ensemble, as evaluation calls them: by numbers of networks apart.

    ensembles_of({"ensembles": {"all": ["a", "b"]}, "networks": [50]})  # {"all-50": ["a-50", ...
    """
    ends = [f"-{size}" for size in settings["networks"]] if "networks" in settings else [""]
    return {
        f"{name}{end}": [f"{member}{end}" for member in members]
        for end in ends
        for name, members in settings.get("ensembles", {}).items()
    }


def ensemble_rows(rows: Iterable[Row], ensembles: Members) -> list[dict[str, Any]]:
    """Give the rows of what ensembles predict: of each seed that all members have.

        ensemble_rows(rows, {"together": ["gmn", "statnn"]})

    Numbers are averaged. Of classes, the one with the most probability is taken, where what a
    member leaves to others is shared out evenly among them, which is exact for two classes.
    """
    runs: dict[str, dict[Any, list[Row]]] = {}
    classes: dict[Any, None] = {}
    for row in rows:
        runs.setdefault(row["model"], {}).setdefault(row["seed"], []).append(row)
        if PROBABILITY in row:
            classes |= {row[TRUE]: None, row[PREDICTED]: None}
    found = []
    for name, members in ensembles.items():
        first, *others = (runs.get(member, {}) for member in members)
        for seed in first:
            if all(seed in other for other in others):
                own = [first[seed], *(other[seed] for other in others)]
                found += [
                    {**each[0], "model": name, **joined(each, list(classes))}
                    for each in zip(*own, strict=True)
                ]
    return found


def joined(rows: Sequence[Row], classes: Sequence[Any]) -> dict[str, Any]:
    """Give the mean of what members predict for one network."""
    if PROBABILITY not in rows[0]:
        return {PREDICTED: fsum(row[PREDICTED] for row in rows) / len(rows)}
    shares = dict.fromkeys(classes, 0.0)
    for row in rows:
        rest = (1 - row[PROBABILITY]) / max(len(classes) - 1, 1)
        for name in classes:
            shares[name] += (row[PROBABILITY] if name == row[PREDICTED] else rest) / len(rows)
    best = max(classes, key=shares.__getitem__)
    return {PREDICTED: best, PROBABILITY: round(shares[best], 6)}


def ensemble_costs(
    costs: Mapping[str, Mapping[str, Any]], ensembles: Members
) -> dict[str, dict[str, Any]]:
    """Say what ensembles cost: the sum of their members, and views once, which they share."""
    found = {}
    for name, members in ensembles.items():
        own = [costs[member] for member in members]
        keys = dict.fromkeys(key for cost in own for key in cost)
        found[name] = {
            key: (max if key in ("views", "making") else sum)(cost.get(key, 0) for cost in own)
            for key in keys
        }
    return found
