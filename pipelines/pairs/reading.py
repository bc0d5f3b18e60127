"""Reading results of pairs: scores of systems, of the whole and of each resample."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphgen.files.document import peek
from graphgen.files.sealed import parts_of
from pipelines.errors import PipelineError
from pipelines.metrics.intervals import resampled
from pipelines.metrics.outcomes import Measures, Outcomes, outcomes_of
from pipelines.metrics.predictions import COLUMNS, GROUP, in_one_order
from pipelines.metrics.resampling import RESAMPLES, Counts, Floats, network_counts, over_seeds
from pipelines.metrics.score import SCORES
from pipelines.pairs.settings import GEOMETRIC, Task
from pipelines.results import result_file
from pipelines.settings import admits
from spec import SpecError

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
    """Scores of systems by their names: of the whole, and of each resample; `there` are all."""

    means: Mapping[str, Mapping[str, float]]
    resamples: Mapping[str, Mapping[str, Floats]]
    seeds: Mapping[str, int]
    networks: int | None
    there: tuple[str, ...]


def wrong(task: Task, number: int, message: str) -> SpecError:
    """Give the error at a score of a task."""
    place = task.place / "scores" / number
    place.note(message)
    return SpecError(place.problems)


def drawn_from(task: Task, sealed: Mapping[str, Any]) -> Drawn:
    """Read results: predictions of each network, or measures of each seed."""
    parts = parts_of(sealed)
    if PREDICTIONS in parts:
        return of_predictions(task, result_file(task.folder, PREDICTIONS))
    if QUALITY in parts:
        if task.scale == GEOMETRIC:
            raise wrong(task, 0, f"`scale: geometric` needs {PREDICTIONS}; take `ratio`")
        return of_seeds(result_file(task.folder, QUALITY))
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
        first = next(iter(ordered.values()), [])
        groups = [row.get(GROUP) or ("", row["network"]) for row in first]
        outcomes = {key: scored(rows, task) for key, rows in ordered.items()}
        with np.errstate(invalid="ignore"):  # what is not finite is told by who compares
            everything = each_mean(outcomes, np.ones((len(groups), 1), np.float32))
            draws = resampled(outcomes, network_counts(groups)) if groups else {}
    except PipelineError as error:
        raise PipelineError(f"{file}: {error}") from None
    seeds = {model: sum(name == model for name, _ in outcomes) for model in everything}
    return Drawn(everything, draws, seeds, len(groups), tuple(sorted(there)))


def each_mean(outcomes: Runs, whole: Counts) -> dict[str, dict[str, float]]:
    """Give the scores of every system on all networks, the means over its seeds."""
    each: dict[str, list[Mapping[str, Floats]]] = {}
    for (model, _), own in outcomes.items():
        each.setdefault(model, []).append(own.scores(whole))
    return {
        model: {name: float(np.mean([one[name][0] for one in own])) for name in own[0]}
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
    try:
        columns = {name: np.array([float(row[name]) for row in rows]) for name in named}
    except ValueError:
        raise PipelineError(f"{', '.join(named)}: not all are numbers") from None
    if task.scale == GEOMETRIC:
        if len(named) < len(task.scores) or any(own.min() <= 0 for own in columns.values()):
            known = ", ".join(rows[0])
            message = f"`scale: geometric` is of columns that are above zero; there are: {known}"
            raise wrong(task, 0, message)
        return Measures({name: np.log(own) for name, own in columns.items()})
    if len(named) == len(task.scores) and not set(named) <= SCORES.keys():
        return Measures(columns)
    found = outcomes_of(rows)
    if found is None:
        raise PipelineError(f"the columns {', '.join(rows[0])} tell no score")
    return found


def of_seeds(file: Path) -> Drawn:
    """Read the measures of every system and seed, whose interval is over seeds alone."""
    means: dict[str, dict[str, float]] = {}
    resamples: dict[str, dict[str, Floats]] = {}
    seeds: dict[str, int] = {}
    for name, measures in systems_of(file).items():
        values = {key: np.array(own["seeds"], np.float64) for key, own in measures.items()}
        means[name] = {key: float(own.mean()) for key, own in values.items()}
        resamples[name] = {
            key: over_seeds(np.repeat(own[:, None], RESAMPLES, 1), name)
            for key, own in values.items()
        }
        seeds[name] = min(map(len, values.values()), default=0)
    return Drawn(means, resamples, seeds, None, tuple(sorted(means)))


def systems_of(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read measures by system, each with the values of its seeds."""
    found = peek(file)
    if not admits(MEASURES, found):
        raise PipelineError(f"{file}: expected measures of systems as `gmn quality` writes them")
    systems: Mapping[str, Mapping[str, Any]] = found["systems"]
    return systems
