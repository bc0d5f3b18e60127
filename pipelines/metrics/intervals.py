"""Intervals: what a table says beyond the networks and the seeds that it happens to be of."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.metrics.outcomes import Outcomes
from pipelines.metrics.resampling import (
    LEVEL,
    RESAMPLES,
    Counts,
    Floats,
    network_counts,
    over_seeds,
)
from pipelines.metrics.score import SCORES, THRESHOLDS, bounds, judged, signed
from pipelines.metrics.summary import ranking, summarise

Run = tuple[str, int]
"""A model and a seed."""


def with_intervals(
    runs: Sequence[Mapping[str, Any]],
    outcomes: Mapping[Run, Outcomes],
    groups: Sequence[Hashable],
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """Summarise runs, with 95 % intervals by a bootstrap over networks and seeds.

        with_intervals([{"model": "gmn", "seed": 0}], {("gmn", 0): outcomes_of(rows)}, networks)

    Networks are drawn with replacement, the same for all runs, and so are the seeds of each model.
    A score has the ends of its interval as `low` and `high`, and the number of `networks`. One that
    has a better has the `difference` to the best model, `{"to", "mean", "low", "high"}`, by the
    same resamples.

    Args:
        runs: rows with `model`, `seed`, and scores, as `summarise` takes them.
        outcomes: what the networks came to, by model and seed.
        groups: of each network, what it is drawn with: itself, or the training it is from.
        resamples: how many.
    """
    everything = np.ones((len(groups), 1), np.float32)
    complete = []
    for run in runs:
        own = outcomes.get((run["model"], run["seed"]))
        known = own.scores(everything) if own is not None else {}
        complete.append({**run, **{n: float(v[0]) for n, v in known.items() if n not in run}})
    summaries = summarise(complete)
    if len(set(groups)) < 2:
        return summaries
    drawn = resampled(outcomes, network_counts(groups, resamples))
    for model, scores in drawn.items():
        own = next(outcomes[key] for key in outcomes if key[0] == model)
        for name, values in scores.items():
            low, high = ends(values, *bounds(name))
            left = own.networks(name)
            count = len(groups) if left is None else left
            summaries[model][name] |= {"low": low, "high": high, "networks": count}
    for name in judged({name for scores in drawn.values() for name in scores}):
        add_differences(name, summaries, drawn)
    return summaries


def add_differences(
    name: str, summaries: dict[str, dict[str, Any]], drawn: Mapping[str, Mapping[str, Floats]]
) -> None:
    """Add, to each model but the best by a score, how far it is from that one."""
    known = {model: summaries[model] for model, scores in drawn.items() if name in scores}
    best = leader(known, name)
    if best is None:
        return
    for model in known:
        if model != best:
            between = drawn[model][name] - drawn[best][name]
            low, high = ends(between, *bounds(name, difference=True))
            mean = known[model][name]["mean"] - known[best][name]["mean"]
            difference = {"to": best, "mean": mean, "low": low, "high": high}
            summaries[model][name]["difference"] = difference


def resampled(
    outcomes: Mapping[Run, Outcomes], counts: Counts, ratios: Collection[str] = ()
) -> dict[str, dict[str, Floats]]:
    """Give the scores of each model in each resample of networks and seeds.

    `ratios` are those that are compared by their ratio.
    """
    check_alike(outcomes)
    each: dict[str, list[dict[str, Floats]]] = {}
    for (model, _), own in outcomes.items():
        each.setdefault(model, []).append(own.scores(counts))
    return {
        model: {
            name: over_seeds(np.stack([run[name] for run in runs]), model, ratio=name in ratios)
            for name in runs[0]
            if all(name in run for run in runs)
        }
        for model, runs in each.items()
    }


def check_alike(outcomes: Mapping[Run, Outcomes]) -> None:
    """Raise `PipelineError` for runs that are not of the same networks, or not of one task."""
    first = next(iter(outcomes), None)
    for key, own in outcomes.items():
        if first is None:
            continue
        if type(own) is not type(outcomes[first]):
            raise PipelineError(
                f"{first[0]}, seed {first[1]}, and {key[0]}, seed {key[1]}, predict things of two "
                f"kinds, {outcomes[first].what} and {own.what}; a table is of one task"
            )
        if own.key() != outcomes[first].key():
            raise PipelineError(
                f"{first[0]}, seed {first[1]}, and {key[0]}, seed {key[1]}, were not measured by "
                "the same true values; a table is of models that were measured on the same networks"
            )


def leader(metrics: Mapping[str, Mapping[str, Any]], name: str) -> str | None:
    """Give the model with the best mean of a score; None where it has no better."""
    if name not in SCORES or not judged([name]):
        return None
    means = {
        model: signed(name, summary[name]["mean"])
        for model, summary in metrics.items()
        if name in summary and np.isfinite(summary[name]["mean"])
    }
    order = ranking({model: metrics[model] for model in means})
    return max(order, key=means.__getitem__, default=None)


def standing(metrics: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, str]:
    """Say which models are `first` by a score, or `level` with the best; others are left out.

    A model is first where its paired interval to every other one leaves zero out. Where the
    differences have no intervals, nothing is known.
    """
    best = leader(metrics, name)
    others = [model for model in metrics if model != best and name in metrics[model]]
    if best is None or not others:
        return {}
    found = {model: metrics[model][name].get("difference") for model in others}
    if any(d is None or d["to"] != best for d in found.values()):
        return {}
    level = [model for model, d in found.items() if d["low"] <= 0 <= d["high"]]
    return dict.fromkeys([best, *level], "level") if level else {best: "first"}


def left_at_thresholds(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Count the networks that are left at each threshold at which models were scored."""
    return {
        name: own[name].get("networks", 0)
        for name in THRESHOLDS
        for own in metrics.values()
        if name in own
    }


def ends(values: Floats, least: float = -inf, most: float = inf) -> tuple[float, float]:
    """Give the ends of the interval that holds the share `LEVEL` of resamples in its middle.

    They are no less than `least` and no more than `most`, though widened resamples may be.
    """
    shares = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.clip(np.quantile(values, shares), least, most)
    return float(low), float(high)
