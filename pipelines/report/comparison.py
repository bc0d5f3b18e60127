"""The comparison of systems: a column for each size of the training set and each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipelines import metrics as m
from pipelines.metrics.predictions import summaries_of
from pipelines.out_of_distribution import OUT_OF_DISTRIBUTION
from pipelines.report.inputs import Prediction, ceiling

SPLITS = ("test", *OUT_OF_DISTRIBUTION)
SHOWN = ("r2", "tau")


@dataclass(frozen=True)
class Setting:
    """What the systems of one column have in common: how many networks, and what was predicted."""

    networks: int | None
    split: str

    @property
    def words(self) -> str:
        """Name the column."""
        return self.split if self.networks is None else f"{self.networks:,} networks, {self.split}"


@dataclass(frozen=True)
class Column:
    """Scores by system in one setting; `ceiling` is what the finite test set leaves of R2."""

    setting: Setting
    metrics: Mapping[str, Mapping[str, Any]]
    ceiling: float | None


def compare(predictions: Sequence[Prediction], test_size: int | None) -> list[Column]:
    """Score every system in every setting, from the largest training set to the smallest.

    A model's label is its system, with the number of networks behind it if there are several
    (`gmn-1500`).
    """
    return list(_compared(tuple(predictions), test_size))


@lru_cache(maxsize=2)
def _compared(predictions: tuple[Prediction, ...], test_size: int | None) -> list[Column]:
    groups: dict[Setting, list[Prediction]] = {}
    for prediction in predictions:
        if prediction.split in SPLITS:
            networks = system_and_size(prediction.model)[1]
            groups.setdefault(Setting(networks, prediction.split), []).append(prediction)
    columns = []
    for setting, own in groups.items():
        rows = [{**vars(p), "model": system_and_size(p.model)[0]} for p in own]
        metrics = summaries_of(rows, setting.split)
        columns.append(Column(setting, metrics, ceiling(own, test_size)))
    return sorted(
        columns, key=lambda c: (SPLITS.index(c.setting.split), -(c.setting.networks or 0))
    )


def system_and_size(label: str) -> tuple[str, int | None]:
    """Split a model's label into the system and its number of training networks."""
    system, dash, size = label.rpartition("-")
    return (system, int(size)) if dash and size.isdecimal() else (label, None)


def systems(columns: Sequence[Column]) -> list[str]:
    """List the systems, the best of the first column first."""
    return list(dict.fromkeys(name for c in columns for name in m.ranking(c.metrics)))


def cells(column: Column, name: str) -> list[tuple[str, str, str]]:
    """Give R2 and tau of one system: the mean, what stands behind it, and its standing."""
    summary = column.metrics.get(name)
    if summary is None:
        return []
    found = []
    for score in SHOWN:
        own, count = summary[score], m.seeds(summary)
        mean, _, more = m.cell(own, 3, count).partition(" ")
        found.append((mean, more, m.standing(column.metrics, score).get(name, "")))
    return found


def apart(column: Column, name: str) -> str:
    """Write how far R2 and tau of one system are from the best; "" for the best one."""
    summary = column.metrics.get(name, {})
    return " / ".join(m.difference(summary.get(score), 3) or "best" for score in SHOWN if summary)
