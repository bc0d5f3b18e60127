"""The card of a zoo that is a published set: what was read of it, on one page of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.published.sets import SETS
from pipelines.zoo.card import histogram, table, written
from pipelines.zoo.checkpoints import is_last


def is_published(index: Mapping[str, Any]) -> bool:
    """Say whether a zoo is a published set."""
    return "published" in index["zoo"]


def card(index: Mapping[str, Any], command: str) -> str:
    """Give the card of a zoo's index: set, paper, families, splits, labels, accuracies, hash."""
    settings, every = index["zoo"], index["networks"]
    rows = [row for row in every if is_last(row)]
    diverged = sum(row["status"] == "diverged" for row in rows)
    own = dict(settings["published"])
    name = own.pop("set")
    paper = f" ({SETS[name].paper})" if name in SETS else ""
    kept = f", {len(every):,} checkpoints" if len(every) > len(rows) else ""
    said = {**own, "count": settings["count"] or "all", "seed": settings["seed"]}
    said = {key: value for key, value in said.items() if value is not None}
    parts = [
        "# The zoo",
        f"{len(rows):,} networks of {len(index['architectures']):,} architectures{kept}, of the "
        f"published set `{name}`{paper}; {diverged:,} with numbers that are not finite. Hash "
        f"`{index['hash']}`. Made by",
        f"```sh\n{command}\n```",
        "## Families",
        families(rows),
        "## What was read",
        table("what | value", (f"{key} | {written(value)}" for key, value in said.items())),
        "## Splits and labels",
        counts(rows),
    ]  # fmt: skip
    accuracies = [row["metrics"]["test_accuracy"] for row in rows if scored(row)]
    if accuracies:
        parts += ["## Test accuracy", histogram(accuracies)]
    return "\n\n".join(parts) + "\n"


def scored(row: Mapping[str, Any]) -> bool:
    """Say whether a test accuracy is known of a network."""
    return row["status"] == "trained" and row["metrics"].get("test_accuracy") is not None


def families(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tabulate each family's networks and their sizes."""
    lines = []
    for family in sorted({row["family"] for row in rows}):
        sizes = [row["parameters"] for row in rows if row["family"] == family]
        lines.append(
            f"{family} | {len(sizes):,} | {min(sizes):,} to {max(sizes):,} | "
            f"{int(np.median(sizes)):,}"
        )
    return table("family | networks | parameters | median", lines)


def counts(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tabulate how many networks each split has, and each class of signals."""
    splits = Counter(row.get("split", "not split") for row in rows)
    labels = Counter(
        f"{name} {value}" for row in rows for name, value in sorted(row.get("labels", {}).items())
    )
    found = [*sorted(splits.items()), *sorted(labels.items())]
    return table("of | networks", (f"{name} | {count:,}" for name, count in found))
