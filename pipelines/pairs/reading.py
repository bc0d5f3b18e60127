"""Reading results of pairs: scores of systems, of the whole and of each resample."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphgen.files.document import peek
from graphgen.files.sealed import parts_of
from pipelines.errors import PipelineError
from pipelines.metrics.intervals import resampled
from pipelines.metrics.outcomes import Measures, Outcomes, outcomes_of
from pipelines.metrics.predictions import ABOUT, COLUMNS, group_of, in_one_order
from pipelines.metrics.resampling import RESAMPLES, Counts, Floats, network_counts, over_seeds
from pipelines.metrics.score import SCORES
from pipelines.pairs.settings import GEOMETRIC, RATIO, Task, wrong
from pipelines.results import result_file
from pipelines.settings import admits

PREDICTIONS, QUALITY = "predictions.csv", "quality.json"
Runs = dict[tuple[str, int], Outcomes]
MEASURES: dict[str, Any] = {
    "type": "object",
    "required": ["systems"],
    "properties": {
        "systems": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["seeds"],
                    "properties": {
                        "seeds": {"type": "array", "minItems": 1, "items": {"type": "number"}}
                    },
                },
            },
        }
    },
}


@dataclass(frozen=True)
class Drawn:
    """Scores of systems by their names: of the whole, and of each resample.

    `broken` says of systems why they have none, `there` are all systems. `networks` are drawn in
    `groups`; without any, only seeds are drawn.
    """

    means: Mapping[str, Mapping[str, float]]
    resamples: Mapping[str, Mapping[str, Floats]]
    seeds: Mapping[str, int]
    there: tuple[str, ...]
    broken: Mapping[str, str] = field(default_factory=dict)
    networks: int | None = None
    groups: int | None = None


def drawn_from(task: Task, sealed: Mapping[str, Any]) -> Drawn:
    """Read results: predictions of each network, or measures of each seed."""
    parts = parts_of(sealed)
    if PREDICTIONS in parts:
        return of_predictions(task, result_file(task.folder, PREDICTIONS))
    if QUALITY in parts:
        if task.scale == GEOMETRIC:
            message = f"`scale: geometric` needs {PREDICTIONS}; take `ratio`"
            raise wrong(task.place / "scale", message)
        if "split" in task.place.value:
            message = f"the measures in {task.folder} are of no split; leave `split` out"
            raise wrong(task.place / "split", message)
        return of_seeds(task, result_file(task.folder, QUALITY))
    raise PipelineError(
        f"{task.folder}: has neither {PREDICTIONS} nor {QUALITY}, which pairs are compared by; its "
        f"files: {', '.join(parts)}"
    )


def of_predictions(task: Task, file: Path) -> Drawn:
    """Score the systems of a task's pairs on the networks of its split."""
    wanted = {name for pair in task.pairs for name in (pair.with_it, pair.without)}
    runs: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    there: set[str] = set()
    for row in rows_of(file):
        if row["split"] == task.split:
            there.add(row["model"])
            if row["model"] in wanted:
                runs.setdefault((row["model"], int(row["seed"])), []).append(row)
    try:
        ordered = in_one_order(runs)
        groups = [group_of(row) for row in next(iter(ordered.values()), [])]
        # What is not finite is told by who compares.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            outcomes, broken = outcomes_in(ordered, task)
            everything = each_mean(outcomes, np.ones((len(groups), 1), np.float32))
            draws = resampled(outcomes, network_counts(groups), by_ratio(task)) if groups else {}
    except PipelineError as error:
        raise PipelineError(f"{file}: {error}") from None
    seeds = {model: sum(name == model for name, _ in outcomes) for model in everything}
    counts = len(groups), len(set(groups))
    return Drawn(everything, draws, seeds, tuple(sorted(there)), broken, *counts)


def outcomes_in(
    runs: Mapping[tuple[str, int], list[Mapping[str, Any]]], task: Task
) -> tuple[Runs, dict[str, str]]:
    """Read what runs came to; of a system of which one cannot be read, say why."""
    outcomes: Runs = {}
    broken: dict[str, str] = {}
    for (model, seed), rows in runs.items():
        try:
            outcomes[model, seed] = scored(rows, task)
        except PipelineError as error:
            broken.setdefault(model, f"{model}, seed {seed}: {error}")
    return {key: own for key, own in outcomes.items() if key[0] not in broken}, broken


def by_ratio(task: Task) -> list[str]:
    """List the scores of a task that are compared by the ratio of means."""
    return [score for score in task.scores if task.scale_of(score) == RATIO]


def each_mean(outcomes: Runs, whole: Counts) -> dict[str, dict[str, float]]:
    """Give the scores of every system on all networks, the means over its seeds."""
    each: dict[str, list[Mapping[str, Floats]]] = {}
    for (model, _), own in outcomes.items():
        each.setdefault(model, []).append(own.scores(whole))
    return {
        model: {
            name: float(np.mean([one[name][0] for one in own]))
            for name in own[0]
            if all(name in one for one in own)
        }
        for model, own in each.items()
    }


def rows_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """Read the rows of a table of predictions."""
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            for number, row in enumerate(csv.DictReader(opened), 2):
                if any(row.get(name) is None for name in COLUMNS) or not row["seed"].isdecimal():
                    raise PipelineError(
                        f"{file}:{number}: expected values of {', '.join(COLUMNS)}, and a whole "
                        "number as seed"
                    )
                yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise PipelineError(f"{file}: cannot be read as CSV: {error}") from error


def scored(rows: list[Mapping[str, Any]], task: Task) -> Outcomes:
    """Give the outcomes of rows; those of columns where scores are columns of the table."""
    named = [name for name in task.scores if name in rows[0]]
    columns = {name: column_of(rows, name) for name in named}
    if task.scale == GEOMETRIC:
        if len(named) < len(task.scores):
            columns_of = ", ".join(name for name in rows[0] if name not in ABOUT) or "none"
            message = f"`scale: geometric` is of columns of {PREDICTIONS}; there are: {columns_of}"
            raise wrong(task.place / "scale", message)
        return Measures({name: np.log(np.maximum(own, 0)) for name, own in columns.items()})
    if len(named) == len(task.scores) and not set(named) <= SCORES.keys():
        return Measures(columns)
    found = outcomes_of(rows)
    if found is None:
        raise PipelineError(f"the columns {', '.join(rows[0])} tell no score")
    return found


def column_of(rows: list[Mapping[str, Any]], name: str) -> Floats:
    """Read a column; `PipelineError` unless it is of numbers."""
    try:
        return np.array([float(row[name]) for row in rows])
    except (TypeError, ValueError):
        raise PipelineError(f"{name!r}: not all are numbers") from None


def of_seeds(task: Task, file: Path) -> Drawn:
    """Read the measures of every system and seed, whose interval is over seeds alone."""
    means: dict[str, dict[str, float]] = {}
    resamples: dict[str, dict[str, Floats]] = {}
    seeds: dict[str, int] = {}
    ratios = by_ratio(task)
    for name, measures in systems_of(file).items():
        values = {key: np.array(own["seeds"], np.float64) for key, own in measures.items()}
        means[name] = {key: float(own.mean()) for key, own in values.items()}
        resamples[name] = {
            key: over_seeds(np.repeat(own[:, None], RESAMPLES, 1), name, ratio=key in ratios)
            for key, own in values.items()
        }
        seeds[name] = min(map(len, values.values()), default=0)
    return Drawn(means, resamples, seeds, tuple(sorted(means)))


def systems_of(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read measures by system, each with the values of its seeds."""
    found = peek(file)
    if not admits(MEASURES, found):
        raise PipelineError(f"{file}: expected measures of systems as `gmn quality` writes them")
    systems: Mapping[str, Mapping[str, Any]] = found["systems"]
    return systems
