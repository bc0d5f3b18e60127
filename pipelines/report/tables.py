"""The tables of a report, each a function from numbers to a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines import costs as c
from pipelines import metrics as m
from pipelines.report.blocks import Cell, Column, Row, Table
from pipelines.report.comparison import Column as Setting
from pipelines.report.comparison import cells, systems
from pipelines.report.inputs import Content, Prediction

FURTHEST = 8
"""Networks that the table of the largest errors has."""


def heading(score: str) -> str:
    """The name of a score as readers know it."""
    return m.SCORES[score].heading if score in m.SCORES else score


def typeset(text: str) -> str:
    """Put the plus-minus and minus signs of print into a number's text."""
    return text.replace("+-", "±").replace("-", "−")


def score(text: str, value: float | None = None, standing: str = "") -> Cell:
    """A score: its mean, and its interval or deviation behind."""
    mean, _, more = typeset(text or "–").partition(" ")
    return Cell(mean, value, more, standing)


def scores(content: Content) -> Table:
    """Scores per model, best first, with intervals and what they tell apart, and the ceiling."""
    metrics = content.metrics
    names = m.headings(metrics)
    standings = {name: m.standing(metrics, name) for name in names}
    rows = []
    for model in m.ranking(metrics):
        own = metrics[model]
        found = [
            score(
                m.cell(own.get(name), m.decimals(metrics, name), m.seeds(own)),
                own.get(name, {}).get("mean"),
                standings[name].get(model, ""),
            )
            for name in names
        ]
        rows.append(Row(model, [*found, Cell(str(m.seeds(own)))]))
    if content.ceiling is not None and "r2" in names:
        limits = [Cell(f"{content.ceiling:.3f}" if name == "r2" else "") for name in names]
        rows.append(Row("ceiling of the test set", [*limits, Cell("")], last=True))
    columns = [*(Column(heading(name)) for name in names), Column("seeds")]
    return Table("Scores per model, best first", "model", columns, rows)


def comparison(columns: Sequence[Setting]) -> Table:
    """R2 and tau of each system in each setting, with what their intervals tell apart."""
    rows = []
    for name in systems(columns):
        own: list[Cell] = []
        for column in columns:
            found = cells(column, name)
            means = [column.metrics[name][key]["mean"] for key in ("r2", "tau")] if found else []
            own += [
                score(f"{mean} {more}".strip(), value, place)
                for (mean, more, place), value in zip(found, means, strict=True)
            ] or [Cell(), Cell()]
        rows.append(Row(name, own))
    limits = [
        cell
        for column in columns
        for cell in (Cell("–" if column.ceiling is None else f"{column.ceiling:.3f}"), Cell(""))
    ]
    rows.append(Row("ceiling of R²", limits, last=True))
    heads = [Column(label, group=c.setting.words) for c in columns for label in ("R²", "τ")]
    return Table("R² and τ of each system, by training set and split", "system", heads, rows)


def differences(metrics: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Table:
    """How far each model is from the best one by each score."""
    rows = []
    for model in m.ranking(metrics):
        own = []
        for name in names:
            best = m.leader(metrics, name) == model
            words = m.difference(metrics[model].get(name), m.decimals(metrics, name))
            apart = metrics[model].get(name, {}).get("difference") or {}
            own.append(Cell("best", 0.0) if best else score(words, apart.get("mean")))
        rows.append(Row(model, own))
    columns = [Column(heading(name)) for name in names]
    return Table("Differences to the best model", "difference to the best", columns, rows)


def thresholds(metrics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Tau of each model among the networks at or above each threshold."""
    left = m.left_at_thresholds(metrics)
    places = {name: m.standing(metrics, name) for name in left}
    rows = [
        Row(
            model,
            [
                score(
                    m.cell(metrics[model].get(name), 3, 1),
                    metrics[model].get(name, {}).get("mean"),
                    places[name].get(model, ""),
                )
                for name in left
            ],
        )
        for model in m.ranking(metrics)
    ]
    heads = [Column(f"from {m.THRESHOLDS[name]:.0%}", f"{left[name]:,}") for name in left]
    return Table("Tau at thresholds per model", "model", heads, rows)


def cost(content: Content) -> Table:
    """What each model cost."""
    columns = c.known(content.costs)
    rows = [
        Row(
            model,
            [
                Cell(column.words(own) or "–", own.get(column.key))
                for column in columns
                for own in [content.costs[model]]
            ],
        )
        for model in content.models
        if model in content.costs
    ]
    return Table("Cost per model", "model", [Column(column.label) for column in columns], rows)


def families(content: Content) -> Table:
    """Tau, MAE and mean error per model and family on the scored split, averaged over seeds."""
    present = [f for f in content.families if any(p.family == f for p in content.scored)]
    measured: dict[tuple[str, str], tuple[float | None, float, float]] = {}
    for model in content.models:
        runs = content.predictions(model)
        for family in present:
            chosen = ([p for p in run if p.family == family] for run in runs.values())
            if own := [run for run in chosen if run]:
                measured[model, family] = _family_scores(own)
    scale = min((v[1] for v in measured.values() if v[1] > 0), default=1.0)
    places = min(max(1 - math.floor(math.log10(scale)), 3), 8)
    rows = []
    for model in content.models:
        found: list[Cell] = []
        for family in present:
            if (model, family) not in measured:
                found += [Cell()] * 3
                continue
            tau, mae, bias = measured[model, family]
            sign = "+" if round(bias, places) > 0 else ""
            found += [
                Cell() if tau is None else Cell(typeset(f"{tau:.3f}"), tau),
                Cell(m.number(mae, places), mae),
                Cell(sign + typeset(m.number(bias, places)), bias),
            ]
        if any((model, family) in measured for family in present):
            rows.append(Row(model, found))
    sizes = {f: len({p.network for p in content.scored if p.family == f}) for f in present}
    heads = [
        Column(label, group=f"{family}, {sizes[family]:,}")
        for family in present
        for label in ("τ", "MAE", "bias")
    ]
    return Table("Scores per model and family", "model", heads, rows)


def furthest(content: Content, model: str) -> Table:
    """The networks that a model's mean over seeds is furthest off on."""
    found: dict[str, list[Prediction]] = {}
    for run in content.predictions(model).values():
        for prediction in run:
            found.setdefault(prediction.network, []).append(prediction)
    means = {name: float(np.mean([p.predicted for p in own])) for name, own in found.items()}
    errors = {name: means[name] - own[0].true for name, own in found.items()}
    most = sorted(errors, key=lambda name: (-abs(errors[name]), name))[:FURTHEST]
    scale = max((abs(own[0].true) for own in found.values()), default=1.0) or 1.0
    places = min(max(3 - math.ceil(math.log10(scale)), 0), 8)
    rows = []
    for name in most:
        values = [found[name][0].true, means[name], errors[name]]
        written = [typeset(m.number(value, places)) for value in values]
        sign = "+" if errors[name] > 0 else ""
        family = found[name][0].family
        rows.append(
            Row(
                family,
                [
                    Cell(name, network=name),
                    *(Cell(t, v) for t, v in zip(written[:2], values, strict=False)),
                    Cell(sign + written[2], values[2]),
                ],
                symbol=content.families.index(family),
            )
        )
    heads = [Column("network"), Column("true"), Column("predicted"), Column("error")]
    return Table(f"Where {model} is furthest off", "family", heads, rows)


def zoo(content: Content) -> Table:
    """Counts per family: networks by status, architectures, parameters."""
    statuses = list(dict.fromkeys(str(n.get("status", "unknown")) for n in content.networks))
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for network in content.networks:
        groups.setdefault(str(network.get("family", "unknown")), []).append(network)
    named = [(family, own, False) for family, own in groups.items()]
    if len(groups) > 1:
        named.append(("all", list(content.networks), True))
    rows = []
    for family, own, total in named:
        counts = [
            sum(str(n.get("status", "unknown")) == status for n in own) for status in statuses
        ]
        counts.append(len({n.get("architecture") for n in own}))
        sizes = [n["parameters"] for n in own if n.get("parameters") is not None]
        found = [Cell(f"{count:,}", count) for count in counts]
        found.append(Cell(span(sizes, "{:,}"), max(sizes)) if sizes else Cell())
        symbol = None if total else content.families.index(family)
        rows.append(Row(family, found, symbol=symbol, last=total))
    heads = [Column(label) for label in (*statuses, "architectures", "parameters")]
    return Table("Networks of the zoo", "family", heads, rows)


def span(values: Sequence[float], form: str) -> str:
    """The range of values as "low – high", or the one value."""
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} – {high}"


def _family_scores(runs: Sequence[Sequence[Prediction]]) -> tuple[float | None, float, float]:
    found = []
    for run in runs:
        true = np.array([p.true for p in run])
        predicted = np.array([p.predicted for p in run])
        found.append((m.scores(true, predicted), float(np.mean(predicted - true))))
    # One network, or equal ones, cannot be ranked: that is no score of zero.
    rankable = all(len({p.true for p in run}) > 1 for run in runs)
    return (
        float(np.mean([score["tau"] for score, _ in found])) if rankable else None,
        float(np.mean([score["mae"] for score, _ in found])),
        float(np.mean([bias for _, bias in found])),
    )
