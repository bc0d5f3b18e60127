"""The comparison of systems: a row for each size of the training set and each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import metrics as m
from pipelines.report.inputs import Prediction, ceiling

SPLITS = ("test", "wider")


@dataclass(frozen=True)
class Setting:
    """What the systems of one row have in common: how many networks, and what was predicted."""

    networks: int | None
    split: str

    @property
    def words(self) -> str:
        """Name the row."""
        tested = "wider networks" if self.split == "wider" else f"{self.split} networks"
        return tested if self.networks is None else f"{self.networks:,} networks, {tested}"


@dataclass(frozen=True)
class Row:
    """Scores by system in one setting; `ceiling` is what the finite test set leaves of R2."""

    setting: Setting
    metrics: Mapping[str, Mapping[str, Any]]
    ceiling: float | None


def compare(predictions: Sequence[Prediction], test_size: int | None) -> list[Row]:
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
    rows = []
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
        rows.append(Row(setting, m.summarise(measured), ceiling(every, test_size)))
    return sorted(
        rows, key=lambda row: (SPLITS.index(row.setting.split), -(row.setting.networks or 0))
    )


def system_and_size(label: str) -> tuple[str, int | None]:
    """Split a model's label into the system and its number of training networks."""
    system, dash, size = label.rpartition("-")
    return (system, int(size)) if dash and size.isdecimal() else (label, None)


def systems(rows: Sequence[Row]) -> list[str]:
    """List the systems, the best of the first row first."""
    return list(dict.fromkeys(name for row in rows for name in m.ranking(row.metrics)))


def cell(summary: Mapping[str, Any] | None) -> str:
    """Write R2 and tau of one system, mean and deviation over seeds."""
    if summary is None:
        return ""
    count = m.seeds(summary)
    return " / ".join(m.measure(summary[name], 3, count) for name in ("r2", "tau"))


def markdown(rows: Sequence[Row]) -> str:
    """Write the comparison as a table of Markdown; R2 / tau, the best R2 of a row in bold."""
    names = systems(rows)
    lines = [
        f"| R2 / tau | {' | '.join(names)} | ceiling of R2 |",
        f"| --- | {'--- | ' * len(names)}--- |",
    ]
    for row in rows:
        best = m.ranking(row.metrics)[0]
        cells = []
        for name in names:
            text = cell(row.metrics.get(name))
            cells.append(f"**{text}**" if name == best else text)
        limit = "" if row.ceiling is None else f"{row.ceiling:.3f}"
        lines.append(f"| {row.setting.words} | {' | '.join(cells)} | {limit} |")
    return "\n".join(lines) + "\n"
