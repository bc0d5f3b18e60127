"""Measuring pairs: the paired difference of two systems in finished results, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipelines.costs import read_costs
from pipelines.metrics.intervals import ends
from pipelines.pairs.reading import Drawn, drawn_from, wrong
from pipelines.pairs.settings import GEOMETRIC, Pair, Task
from pipelines.results import INDEX, read_results

AHEAD, BEHIND, LEVEL = "ahead", "behind", "level"


@dataclass(frozen=True)
class Row:
    """What a pair came to by one score.

    `gain` is above zero where the first system is better: a difference, or the logarithm of a
    ratio. `networks` is None where the interval is over seeds alone.
    """

    group: str
    title: str
    with_it: str
    without: str
    both_see: str
    score: str
    means: tuple[float, float]
    gain: float
    low: float
    high: float
    ratio: bool
    networks: int | None
    seeds: tuple[int, int]
    costs: tuple[Mapping[str, Any], Mapping[str, Any]]

    @property
    def statement(self) -> str:
        """Say what the interval says: ahead, behind, or level where it holds zero."""
        return AHEAD if self.low > 0 else BEHIND if self.high < 0 else LEVEL

    def plain(self) -> dict[str, Any]:
        """Give it as plain data, costs apart, which differ from one time to the next."""
        found = {k: v for k, v in asdict(self).items() if k != "costs"}
        return {**found, "statement": self.statement}


@dataclass(frozen=True)
class Missing:
    """A pair, or all of a task, of which there are no results yet, and why."""

    group: str
    title: str
    pair: str
    why: str


def measure_task(task: Task) -> tuple[list[Row], list[Missing], str | None]:
    """Measure the pairs of a task: rows, what is missing, and the hash of the results read.

    Raises `GraphError` for results that were changed or damaged, and `SpecError`, at its place,
    for a score that they do not have.
    """
    if not (task.folder / INDEX).is_file():
        return [], [Missing(task.group, task.title, "", f"no results in {task.results} yet")], None
    sealed = read_results(task.folder)
    drawn = drawn_from(task, sealed)
    costs = read_costs(task.folder, sealed["hash"])
    rows: list[Row] = []
    missing: list[Missing] = []
    for pair in task.pairs:
        words = f"{pair.with_it} / {pair.without}"
        absent = [name for name in (pair.with_it, pair.without) if name not in drawn.means]
        if absent:
            there = ", ".join(drawn.there) or f"none for the split {task.split!r}"
            why = f"no {' and no '.join(absent)} in {task.results}; there are: {there}"
            missing.append(Missing(task.group, task.title, words, why))
            continue
        for number in range(len(task.scores)):
            found = row_of(task, number, pair, drawn, costs)
            if isinstance(found, Row):
                rows.append(found)
            else:
                missing.append(Missing(task.group, task.title, words, found))
    return rows, missing, str(sealed["hash"])


def row_of(
    task: Task, number: int, pair: Pair, drawn: Drawn, costs: Mapping[str, Mapping[str, Any]]
) -> Row | str:
    """Compare a pair by one score of its task; or say why there is no interval."""
    score, names = task.scores[number], (pair.with_it, pair.without)
    for name in names:
        if score not in drawn.means[name]:
            there = ", ".join(drawn.means[name])
            message = f"{name} has no score {score!r} in {task.folder}; its scores: {there}"
            raise wrong(task, number, message)
    sign = -1.0 if task.lower(score) else 1.0
    first, second = (drawn.means[name][score] for name in names)
    if drawn.networks is None and min(drawn.seeds[name] for name in names) < 2:
        return f"{score}: one seed, and no networks one by one, tell no interval"
    if drawn.networks is not None and drawn.networks < 2:
        return f"{score}: a single network tells no interval"
    each, other = (drawn.resamples[name][score] for name in names)
    if not all(np.isfinite(values).all() for values in (first, second, each, other)):
        return f"{score}: not a finite number for all of them"
    if task.scale == GEOMETRIC:
        gain, gains = first - second, each - other
        first, second = float(np.exp(first)), float(np.exp(second))
    elif task.by_ratio(score):
        if min(first, second, each.min(), other.min()) <= 0:
            raise wrong(task, number, f"{score!r} is not above zero; take `scale: difference`")
        gain, gains = float(np.log(first / second)), np.log(each / other)
    else:
        gain, gains = first - second, each - other
    low, high = ends(sign * gains)
    return Row(
        *(task.group, task.title, pair.with_it, pair.without, pair.both_see, score),
        (first, second),
        sign * gain,
        low,
        high,
        task.by_ratio(score),
        drawn.networks,
        (drawn.seeds[names[0]], drawn.seeds[names[1]]),
        (costs.get(names[0], {}), costs.get(names[1], {})),
    )
