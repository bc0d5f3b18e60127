"""Histories: one line of CSV for each epoch of a training run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphgen.files import write_bytes

FILE = "history.csv"


def write_history(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write all rows, one at least, atomically; their keys are the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())
