"""Histories: one line of CSV for each epoch of a training run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from graphgen.files import write_bytes

FILE = "history.csv"


def read_history(folder: Path, epochs: int) -> list[dict[str, str]]:
    """Read the rows of the first `epochs` epochs."""
    path = folder / FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:epochs]


def write_history(folder: Path, rows: list[Mapping[str, object]]) -> None:
    """Write all rows, one at least, atomically; their keys are the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(folder / FILE, text.getvalue().encode())
