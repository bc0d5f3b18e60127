"""The tables of an experiment as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines import costs as c
from pipelines import metrics as m
from pipelines.report.comparison import Column, apart, cells, systems

NOTE = (
    "Means over seeds, with 95 % intervals by a bootstrap over networks and seeds. Bold is ahead "
    "of all others of its column: no paired interval of a difference holds zero. = is not told "
    "apart from the best.\n"
)
Metrics = Mapping[str, Mapping[str, Any]]


def tables(
    columns: Sequence[Column], metrics: Metrics, costs: Mapping[str, Mapping[str, Any]]
) -> str:
    """Write all tables: the systems, their differences, tau at thresholds, and what they cost.

    Those of R2 and tau have a column for each training set and split; without such columns there
    is one table of all scores.
    """
    parts = [comparison(columns) if columns else scores(metrics), NOTE]
    if columns and any(len(column.metrics) > 1 for column in columns):
        parts += ["Differences to the best of each column:\n", differences(columns)]
    for column in columns:
        if m.left_at_thresholds(column.metrics):
            parts += [f"Tau at thresholds, {column.setting.words}:\n", thresholds(column.metrics)]
    if costs:
        parts += ["Processor time, in seconds or milliseconds:\n", cost(costs)]
    return "\n".join(parts)


def comparison(columns: Sequence[Column]) -> str:
    """Write R2 / tau of each system in each setting, and the ceiling of R2."""
    rows = [["R2 / tau", *(column.setting.words for column in columns)]]
    for name in systems(columns):
        found = (cells(column, name) for column in columns)
        rows.append([name, *(" / ".join(marked(*part) for part in own) for own in found)])
    if any(column.ceiling is not None for column in columns):
        limits = ["" if one.ceiling is None else f"{one.ceiling:.3f}" for one in columns]
        rows.append(["ceiling of R2", *limits])
    return table(rows)


def differences(columns: Sequence[Column]) -> str:
    """Write how far each system is from the best of each setting, by the same resamples."""
    rows = [["R2 / tau", *(column.setting.words for column in columns)]]
    rows += [[name, *(apart(column, name) for column in columns)] for name in systems(columns)]
    return table(rows)


def scores(metrics: Metrics) -> str:
    """Write all scores of each model."""
    names = m.headings(metrics)
    rows = [["", *(m.LABELS.get(name, name) for name in names), "seeds"]]
    standings = {name: m.standing(metrics, name) for name in names}
    for model in m.ranking(metrics):
        own = metrics[model]
        words = []
        for name in names:
            text = m.cell(own.get(name), m.decimals(metrics, name), m.seeds(own))
            mean, _, more = text.partition(" ")
            words.append(marked(mean, more, standings[name].get(model, "")))
        rows.append([model, *words, str(m.seeds(own))])
    return table(rows)


def thresholds(metrics: Metrics) -> str:
    """Write tau among the networks at or above each threshold, and how many these are."""
    left = m.left_at_thresholds(metrics)
    rows = [["tau", *(f"at {m.THRESHOLDS[n]:.0%}: {left[n]:,} networks" for n in left)]]
    for model in m.ranking(metrics):
        words = []
        for name in left:
            mean, _, more = m.cell(metrics[model].get(name), 3, 1).partition(" ")
            words.append(marked(mean, more, m.standing(metrics, name).get(model, "")))
        rows.append([model, *words])
    return table(rows)


def cost(costs: Mapping[str, Mapping[str, Any]]) -> str:
    """Write what each model cost."""
    columns = c.known(costs)
    rows = [["", *(column.label for column in columns)]]
    rows += [[name, *(column.words(own) for column in columns)] for name, own in costs.items()]
    return table(rows)


def marked(mean: str, more: str, standing: str) -> str:
    """Write a mean, bold where it is first, what stands behind it, and = where it is level."""
    words = f"**{mean}**" if standing == "first" else mean
    return " ".join(part for part in (words, more, "=" if standing == "level" else "") if part)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Lay rows out, the first as the head."""
    head, *body = [f"| {' | '.join(row)} |\n" for row in rows]
    columns = head.count("|") - 1
    return "".join([head, f"|{' --- |' * columns}\n", *body])
