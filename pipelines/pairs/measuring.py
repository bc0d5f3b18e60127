"""Measuring pairs: the paired difference of two systems in finished results, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipelines.costs import read_costs
from pipelines.metrics.intervals import ends
from pipelines.metrics.score import bounds
from pipelines.pairs.reading import Drawn, drawn_from
from pipelines.pairs.settings import DIFFERENCE, GEOMETRIC, RATIO, Pair, Task, wrong
from pipelines.results import read_results

AHEAD, BEHIND, LEVEL = "ahead", "behind", "level"
LARGEST_LOG = 690.0
"""Of a ratio that is written as a number."""


@dataclass(frozen=True)
class Row:
    """What a pair came to by one score.

    `gain` is above zero where the first system is better: a difference, or the logarithm of a
    ratio. `networks` is None where the interval is over seeds alone. One that is `kept` was
    measured by an earlier comparison, whose results are not at hand.
    """

    group: str
    title: str
    with_it: str
    without: str
    both_see: str
    score: str
    split: str
    better: str
    scale: str
    means: tuple[float, float]
    gain: float
    low: float
    high: float
    networks: int | None
    seeds: tuple[int, int]
    costs: tuple[Mapping[str, Any], Mapping[str, Any]]
    kept: bool = False

    @property
    def ratio(self) -> bool:
        """Say whether `gain`, `low` and `high` are logarithms of ratios."""
        return self.scale != DIFFERENCE

    @property
    def statement(self) -> str:
        """Say what the interval says: ahead, behind, or level where it holds zero."""
        return AHEAD if self.low > 0 else BEHIND if self.high < 0 else LEVEL

    def plain(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {**asdict(self), "ratio": self.ratio, "statement": self.statement}


@dataclass(frozen=True)
class Missing:
    """A pair, or all of a task, that was not measured, and why."""

    group: str
    title: str
    pair: str
    why: str


def measure_task(task: Task) -> tuple[list[Row], list[Missing], str]:
    """Measure the pairs of a task: rows, what is missing, and the hash of the results read.

    Raises `GraphError` for results that were changed or damaged, and `SpecError`, at its place,
    for a score that they do not have.
    """
    sealed = read_results(task.folder)
    drawn = drawn_from(task, sealed)
    costs = read_costs(task.folder, sealed["hash"])
    rows: list[Row] = []
    missing: list[Missing] = []
    for pair in task.pairs:
        if why := absent(task, pair, drawn):
            missing.append(Missing(task.group, task.title, pair.words, why))
            continue
        for number in range(len(task.scores)):
            found = row_of(task, number, pair, drawn, costs)
            if isinstance(found, Row):
                rows.append(found)
            else:
                missing.append(Missing(task.group, task.title, pair.words, found))
    return rows, missing, str(sealed["hash"])


def absent(task: Task, pair: Pair, drawn: Drawn) -> str:
    """Say why a system of a pair has no scores at all; "" where both have some."""
    names = (pair.with_it, pair.without)
    if lacking := [name for name in names if name not in {*drawn.means, *drawn.broken}]:
        there = ", ".join(drawn.there) or f"none for the split {task.split!r}"
        return f"no {' and no '.join(lacking)} in {task.results}; there are: {there}"
    return "; ".join(drawn.broken[name] for name in names if name in drawn.broken)


def row_of(
    task: Task, number: int, pair: Pair, drawn: Drawn, costs: Mapping[str, Mapping[str, Any]]
) -> Row | str:
    """Compare a pair by one score of its task; or say why it cannot be."""
    score, names = task.scores[number], (pair.with_it, pair.without)
    for name in names:
        if score not in drawn.means[name]:
            there = ", ".join(drawn.means[name])
            message = f"{name} has no score {score!r} in {task.folder}; its scores: {there}"
            if any(score in own for own in drawn.means.values()):
                return message
            raise wrong(task.place / "scores" / number, message)
    if drawn.networks is None and min(drawn.seeds[name] for name in names) < 2:
        return f"{score}: one seed, and no networks one by one, tell no interval"
    if drawn.groups is not None and drawn.groups < 2:
        alone = "a single network tells" if drawn.networks == 1 else "a single group tells"
        return f"{score}: {alone} no interval"
    first, second = (drawn.means[name][score] for name in names)
    each, other = (drawn.resamples[name][score] for name in names)
    way = task.way(score)
    with np.errstate(all="ignore"):  # what is not finite is told below
        if way["scale"] == GEOMETRIC:
            if -np.inf in (first, second):
                return f"{score}: not above zero for all networks, so it has no geometric mean"
            gain, gains = first - second, each - other
            first, second = float(np.exp(first)), float(np.exp(second))
        elif way["scale"] == RATIO:
            if min(first, second, each.min(), other.min()) <= 0:
                return f"{score}: not above zero in all resamples, so it has no ratio"
            gain, gains = float(np.log(first) - np.log(second)), np.log(each) - np.log(other)
        else:
            gain, gains = first - second, each - other
        sign = -1.0 if task.lower(score) else 1.0
        limits = bounds(score, difference=True) if way["scale"] == DIFFERENCE else ()
        low, high = ends(sign * gains, *limits)
    if not np.isfinite([first, second, gain, *gains]).all():
        return f"{score}: not a finite number for all of them"
    if way["scale"] != DIFFERENCE and max(abs(low), abs(high)) > LARGEST_LOG:
        return f"{score}: {first:g} and {second:g} are too far apart for a ratio"
    return Row(
        *(task.group, task.title, pair.with_it, pair.without, pair.both_see, score),
        **way,
        means=(first, second),
        gain=sign * gain,
        low=low,
        high=high,
        networks=drawn.networks,
        seeds=(drawn.seeds[names[0]], drawn.seeds[names[1]]),
        costs=(costs.get(names[0], {}), costs.get(names[1], {})),
        kept=False,
    )
