"""Measuring a predictor: its errors, whether intervals hold, and whether it knows the unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metanet import AccuracyPredictor
from metanet.predictor.limits import Limits
from metanet.predictor.table import Table
from pipelines.accuracy.reading import Networks
from pipelines.metrics import scores

LEVEL = 0.9
FEWEST = 30
"""Networks of a kind that are enough to keep it out and ask whether it is then unknown."""


def measured(predictor: AccuracyPredictor, networks: Networks) -> dict[str, Any]:
    """Measure predictions for networks, of all of them, of each zoo and of each family.

    Of each: `networks`, `r2` and `tau`, `mae`, `coverage` of intervals of 90 %, their `width`, and
    the share `outside`, which the predictor takes for unlike its training.
    """
    intervals = predictor.intervals(networks.table, LEVEL)
    estimates = predictor.predict(networks.table)
    outside = np.array([bool(one) for one in predictor.explain_reasons(networks.table)])
    groups = {"all": np.ones(len(networks), dtype=bool)}
    groups |= {zoo: networks.zoos == zoo for zoo in dict.fromkeys(networks.zoos.tolist())}
    pairs = zip(networks.zoos.tolist(), networks.families.tolist(), strict=True)
    for zoo, family in sorted(set(pairs)):
        groups[f"{zoo}, {family}"] = (networks.zoos == zoo) & (networks.families == family)
    return {
        name: measures(networks.accuracies[own], estimates[own], intervals[own], outside[own])
        for name, own in groups.items()
    }


def measures(
    true: NDArray[np.float64],
    estimates: NDArray[np.float64],
    intervals: NDArray[np.float64],
    outside: NDArray[np.bool_],
) -> dict[str, Any]:
    """Measure predictions of some networks."""
    found: dict[str, Any] = {"networks": len(true)}
    if len(true) > 2 and true.std() > 0:
        own = scores(true, estimates)
        found |= {"r2": own["r2"], "tau": own["tau"]}
    held = (true >= intervals[:, 0]) & (true <= intervals[:, 1])
    return {
        **found,
        "mae": float(np.abs(true - estimates).mean()),
        "coverage": float(held.mean()),
        "width": float((intervals[:, 1] - intervals[:, 0]).mean()),
        "outside": float(outside.mean()),
    }


def kept_out(networks: Networks, seed: int) -> dict[str, Any]:
    """Keep out each kind of networks in turn, and ask whether it is then taken for unknown.

    A kind is what networks are made of. Of each: `networks`, the share `outside`, and the share
    that is `outside_by_numbers`, of which the weights alone give it away.
    """
    kinds = np.array([" + ".join(one.made_of) for one in networks.table.anatomies])
    found = {}
    for kind in sorted(set(kinds.tolist())):
        own, rest = np.flatnonzero(kinds == kind), np.flatnonzero(kinds != kind)
        if min(len(own), len(rest)) < FEWEST:
            continue
        found[kind] = unknown(Limits.fit(networks.table[rest], seed), networks.table[own])
    every = [(one["networks"], one) for one in found.values()]
    if every:
        found["all"] = {
            "networks": sum(count for count, _ in every),
            **{key: weighted(every, key) for key in ("outside", "outside_by_numbers")},
        }
    return found


def unknown(limits: Limits, table: Table) -> dict[str, Any]:
    """Say which share of networks is unlike those that limits were fitted on."""
    return {
        "networks": len(table),
        "outside": share(limits.reasons(table)),
        "outside_by_numbers": share(limits.reasons_of_numbers(table.numbers)),
    }


def share(reasons: Iterable[tuple[str, ...]]) -> float:
    """Give the share of networks that there is a reason for."""
    return float(np.mean([bool(one) for one in reasons]))


def weighted(every: list[tuple[int, dict[str, Any]]], key: str) -> float:
    """Give the mean over all networks."""
    return sum(count * one[key] for count, one in every) / sum(count for count, _ in every)
