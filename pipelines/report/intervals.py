"""The sections of intervals: what tells models apart, tau at thresholds, and what models cost."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pipelines import costs as c
from pipelines import metrics as m
from pipelines.report import drawing, forest, tables
from pipelines.report.inputs import Content
from pipelines.report.layout import grid, note, section

INTERVALS = (
    "Means over seeds; in brackets 95 % intervals by a bootstrap over networks and seeds. Bold is "
    "ahead of all others: no paired interval of a difference holds zero; ≈ is not told apart from "
    "the best."
)
_OVER_SEEDS = (
    "Mean ± standard deviation over seeds, without intervals: what is a rank and what chance is "
    "not known."
)


def reading(content: Content) -> str:
    """How the numbers of the table of scores are to be read, plain text."""
    every = [score for own in content.metrics.values() for k, score in own.items() if k != "seeds"]
    return INTERVALS if any("low" in score for score in every) else _OVER_SEEDS


def differences(content: Content) -> str:
    """How far each model is from the best, by a score, with intervals: drawings and a table."""
    metrics = content.metrics
    names = [n for n in m.headings(metrics) if any(_difference(own, n) for own in metrics.values())]
    if not names:
        return ""
    panels: list[str] = []
    for name in names[:2]:
        label = tables.heading(name)
        own = {
            model: metrics[model][name] for model in m.ranking(metrics) if name in metrics[model]
        }
        best = m.leader(metrics, name)
        apart = {k: s["difference"] for k, s in own.items() if s.get("difference")}
        for title, rows, zero in (
            (label, own, False),
            (f"Difference in {label} to {best}", apart, True),
        ):
            svg = forest.forest(
                rows,
                xlabel=label,
                zero=zero,
                name=f"intervals{len(panels)}",
                description=f"{title} of {len(rows)} models with 95 % intervals",
            )
            panels.append(drawing.figure_html(svg, title))
    body = (
        grid(panels)
        + _table(metrics, names)
        + note(
            "Differences are of one model to the best one by that score, on the same resamples of "
            "networks; an interval that holds zero does not tell the two apart."
        )
    )
    return section("What tells models apart", body)


def thresholds(content: Content) -> str:
    """Tau among the networks at or above each threshold."""
    metrics = content.metrics
    left = m.left_at_thresholds(metrics)
    if not left:
        return ""
    head = "".join(
        f'<th scope="col" class="number">from {m.THRESHOLDS[n]:.0%} <small>{left[n]:,}</small></th>'
        for n in left
    )
    rows = []
    for model in m.ranking(metrics):
        cells = "".join(
            tables.number(
                tables.placed(
                    m.cell(metrics[model].get(n), 3, 1), m.standing(metrics, n).get(model, "")
                )
            )
            for n in left
        )
        rows.append(f'<tr><th scope="row">{escape(model)}</th>{cells}</tr>')
    body = tables.table(
        f'<tr><th scope="col">model</th>{head}</tr>', rows, "Tau at thresholds per model"
    )
    remark = (
        f"Kendall’s τ among the {content.split} networks whose {content.target} is at least so "
        "much, with the number of these; without a column where fewer than 20 are left. "
    )
    return section("Ranking good networks", body + note(remark))


def cost(content: Content) -> str:
    """What each model cost."""
    columns = c.known(content.costs)
    if not columns:
        return ""
    head = "".join(f'<th scope="col" class="number">{column.label}</th>' for column in columns)
    rows = [
        f'<tr><th scope="row">{escape(model)}</th>'
        + "".join(tables.number(column.words(content.costs[model]) or "–") for column in columns)
        + "</tr>"
        for model in content.models
        if model in content.costs
    ]
    body = tables.table(f'<tr><th scope="col">model</th>{head}</tr>', rows, "Cost per model")
    remark = (
        "Processor time, all threads and processes: of the training of one run, of the prediction "
        "for one network, of the views that it reads of it, of what these were made from, and of "
        "the search for settings with its number of trials. Without trials, settings were given. "
    )
    return section("Cost", body + note(remark))


def _table(metrics: Mapping[str, Mapping[str, Any]], names: list[str]) -> str:
    head = "".join(
        f'<th scope="col" class="number">{escape(tables.heading(name))}</th>' for name in names
    )
    rows = []
    for model in m.ranking(metrics):
        cells = ""
        for name in names:
            words = m.difference(metrics[model].get(name), m.decimals(metrics, name))
            best = m.leader(metrics, name) == model
            cells += tables.number("best" if best else tables.placed(words, ""))
        rows.append(f'<tr><th scope="row">{escape(model)}</th>{cells}</tr>')
    return tables.table(
        f'<tr><th scope="col">difference to the best</th>{head}</tr>',
        rows,
        "Differences to the best model",
    )


def _difference(summary: Mapping[str, Any], name: str) -> Any:
    return summary.get(name, {}).get("difference")
