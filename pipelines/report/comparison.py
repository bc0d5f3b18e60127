"""The comparison of systems: a column for each size of the training set and each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import metrics as m
from pipelines.report.inputs import Prediction, ceiling

SPLITS = ("test", "wider")


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
    groups: dict[Setting, dict[tuple[str, int], list[Prediction]]] = {}
    for prediction in predictions:
        if prediction.split in SPLITS:
            system, networks = system_and_size(prediction.model)
            runs = groups.setdefault(Setting(networks, prediction.split), {})
            runs.setdefault((system, prediction.seed), []).append(prediction)
    columns = []
    for setting, runs in groups.items():
        measured = [
            {
                "model": system,
                "seed": seed,
                **m.scores([p.true for p in run], [p.predicted for p in run]),
            }
            for (system, seed), run in runs.items()
        ]
        every = [prediction for run in runs.values() for prediction in run]
        columns.append(Column(setting, m.summarise(measured), ceiling(every, test_size)))
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


def cell(summary: Mapping[str, Any] | None) -> str:
    """Write R2 and tau of one system, mean and deviation over seeds."""
    if summary is None:
        return ""
    count = m.seeds(summary)
    return " / ".join(m.measure(summary[name], 3, count) for name in ("r2", "tau"))


def markdown(columns: Sequence[Column]) -> str:
    """Write the comparison as a table of Markdown; R2 / tau, the best R2 of a column in bold."""
    best = [m.ranking(column.metrics)[0] for column in columns]
    rows = [["R2 / tau", *(column.setting.words for column in columns)]]
    rows.append(["---"] * len(rows[0]))
    for name in systems(columns):
        texts = [cell(column.metrics.get(name)) for column in columns]
        bold = [f"**{t}**" if name == b else t for t, b in zip(texts, best, strict=True)]
        rows.append([name, *bold])
    if any(column.ceiling is not None for column in columns):
        limits = ["" if c.ceiling is None else f"{c.ceiling:.3f}" for c in columns]
        rows.append(["ceiling of R2", *limits])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
