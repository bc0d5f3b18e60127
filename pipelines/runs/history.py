"""Histories: one line of CSV for each epoch of a training run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphgen.files import write_bytes

FILE = "history.csv"
COST = "cost.csv"
"""Processor seconds are kept beside the history: they differ from one time to the next."""
SECONDS = "seconds"


def without_cost(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Give what of a history is the same whenever the run is made again."""
    return [{key: value for key, value in row.items() if key != SECONDS} for row in rows]


def cost(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Give the processor seconds of each epoch."""
    return [{"epoch": row["epoch"], SECONDS: row[SECONDS]} for row in rows if SECONDS in row]


def write_history(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write all rows, one at least, atomically; their keys are the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())
