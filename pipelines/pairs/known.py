"""Known rows: what an earlier comparison has of tasks whose results are not at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgen.files.document import peek
from pipelines.errors import PipelineError
from pipelines.pairs.measuring import LARGEST_LOG, Missing, Row
from pipelines.pairs.settings import DIFFERENCE, HIGHER, LOWER, SCALES, Pair, Task
from pipelines.settings import admits

OTHER = ", and what is known of it is by another split, better or scale"
LARGEST = 1e300
NUMBER = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
COUNT = {"type": "integer", "minimum": 1, "maximum": 10**9}
COST = {"type": "object", "additionalProperties": NUMBER}
WORDS = {"type": "string", "maxLength": 200}
NAMES = ("group", "title", "with_it", "without", "score")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [*NAMES, "means", "gain", "low", "high", "ratio", "networks", "seeds"],
                "properties": {
                    **dict.fromkeys((*NAMES, "split"), WORDS),
                    "better": {"enum": [HIGHER, LOWER]},
                    "scale": {"enum": [*SCALES]},
                    "means": {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2},
                    **dict.fromkeys(("gain", "low", "high"), NUMBER),
                    "ratio": {"type": "boolean"},
                    "networks": {"anyOf": [COUNT, {"type": "null"}]},
                    "seeds": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2},
                    "costs": {"type": "array", "items": COST, "minItems": 2, "maxItems": 2},
                },
            },
        }
    },
}


def read_known(file: Path) -> list[Mapping[str, Any]]:
    """Read the rows of a `pairs.json`; `PipelineError` for another file."""
    found = peek(file)
    if found is None:
        raise PipelineError(f"{file}: no such file; name the pairs.json of an earlier comparison")
    if not admits(SCHEMA, found) or not all(map(in_order, found["rows"])):
        raise PipelineError(f"{file}: expected the pairs.json of an earlier `gmn compare`")
    rows: list[Mapping[str, Any]] = found["rows"]
    return rows


def in_order(row: Mapping[str, Any]) -> bool:
    """Say whether an interval has ends, and ratios are such as can be written."""
    least, most = (-LARGEST_LOG, LARGEST_LOG) if row["ratio"] else (-LARGEST, LARGEST)
    return least <= row["low"] <= row["high"] <= most and least <= row["gain"] <= most


def kept_rows(task: Task, known: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[Missing]]:
    """Keep the rows that are known of a task without results, and say what is missing."""
    gone = f"no results in {task.results} yet"
    rows: list[Row] = []
    missing: list[Missing] = []
    for pair in task.pairs:
        for score in task.scores:
            found = named(known, (task.group, task.title, pair.with_it, pair.without, score))
            if found is not None and alike(task, score, found):
                rows.append(row_of(task, pair, score, found))
                continue
            why = f"{score}: {gone}{'' if found is None else OTHER}"
            missing.append(Missing(task.group, task.title, pair.words, why))
    if rows or any(one.why.endswith(OTHER) for one in missing):
        return rows, missing
    return [], [Missing(task.group, task.title, "", gone)]


def named(known: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> Mapping[str, Any] | None:
    """Find the row of a pair and score."""
    return next((row for row in known if tuple(row[name] for name in NAMES) == names), None)


def alike(task: Task, score: str, row: Mapping[str, Any]) -> bool:
    """Say whether a known row was measured as the task now asks, as far as it tells."""
    way = task.way(score)
    ratio = way["scale"] != DIFFERENCE
    return row["ratio"] == ratio and all(row.get(name, own) == own for name, own in way.items())


def row_of(task: Task, pair: Pair, score: str, known: Mapping[str, Any]) -> Row:
    """Give a known row as one that is kept."""
    (first, second), (seeds, others) = known["means"], known["seeds"]
    cost, more = known.get("costs", ({}, {}))
    return Row(
        *(task.group, task.title, pair.with_it, pair.without, pair.both_see, score),
        **task.way(score),
        means=(first, second),
        gain=known["gain"],
        low=known["low"],
        high=known["high"],
        networks=known["networks"],
        seeds=(seeds, others),
        costs=(cost, more),
        kept=True,
    )
