"""Histories: one line of CSV for each epoch of a training run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from graphgen.files import write_bytes

FILE = "history.csv"
COLUMNS = (
    "epoch", "train_loss", "validation_loss", "validation_r2", "validation_tau", "seconds",
)  # fmt: skip


def read_history(folder: Path, epochs: int) -> list[dict[str, str]]:
    """Read the rows of the first `epochs` epochs."""
    path = folder / FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:epochs]


def write_history(folder: Path, rows: list[Mapping[str, object]]) -> None:
    """Write all rows, atomically."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(folder / FILE, text.getvalue().encode())
