"""Histories: one line of CSV for each epoch of a training run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphgen.files import write_bytes
from pipelines.errors import PipelineError

FILE = "history.csv"
COST = "cost.csv"
"""Processor seconds are kept beside the history: they differ from one time to the next."""
SECONDS = "seconds"
PART = "part"
TRAINING, OTHER, SEARCH = "training", "other", "search"
"""Parts of a run's cost: its epochs, what is done around them, and the search for its settings."""


def without_cost(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Give what of a history is the same whenever the run is made again."""
    return [{key: value for key, value in row.items() if key != SECONDS} for row in rows]


def cost(
    rows: Sequence[Mapping[str, object]], beside: Mapping[str, float]
) -> list[dict[str, object]]:
    """Give the processor seconds of each epoch, and of what a run spent `beside` them, by part."""
    epochs = [
        {"epoch": row["epoch"], SECONDS: row[SECONDS], PART: TRAINING}
        for row in rows
        if SECONDS in row
    ]
    parts = beside.items()
    return epochs + [{"epoch": 0, SECONDS: round(s, 3), PART: part} for part, s in parts]


def read_cost(folder: Path) -> dict[str, float]:
    """Add up the processor seconds of a run by part; nothing where they are not known.

    read_cost(Path("out/train/gmn-seed0"))["training"]
    """
    found: dict[str, float] = {}
    try:
        with (folder / COST).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                part = row.get(PART) or TRAINING
                found[part] = found.get(part, 0.0) + float(row[SECONDS])
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return {}
    return found if all(0 <= seconds < math.inf for seconds in found.values()) else {}


def write_history(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write all rows, one at least, atomically; their keys are the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def read_history(path: Path) -> list[dict[str, float]]:
    """Read a history; `PipelineError` for a file that is none."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                {name: float(value) for name, value in row.items()} for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, csv.Error) as error:
        raise PipelineError(f"{path}: no history of a training: {error}") from None
