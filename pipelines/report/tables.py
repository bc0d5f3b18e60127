"""The tables of a report, each a function from numbers to one HTML table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from pipelines import metrics as m
from pipelines.report.comparison import Column, cells, systems
from pipelines.report.drawing import legend_symbol
from pipelines.report.inputs import Content, Prediction

_NOTHING = '<td class="nothing">–</td>'


def heading(score: str) -> str:
    """The name of a score as readers know it, plain text."""
    return m.SCORES[score].heading if score in m.SCORES else score


def typeset(text: str) -> str:
    """Put the plus-minus and minus signs of print into a number's plain text."""
    return text.replace("+-", "±").replace("-", "−")


def scores(content: Content) -> str:
    """Scores per model, best first, with intervals and what they tell apart, and the ceiling."""
    metrics = content.metrics
    names = m.headings(metrics)
    standings = {name: m.standing(metrics, name) for name in names}
    head = "".join(f'<th scope="col" class="number">{escape(heading(name))}</th>' for name in names)
    if "r2" in names:
        head += '<th scope="col" class="bar">R² from 0 to 1</th>'
    rows = []
    for model in m.ranking(metrics):
        summary = metrics[model]
        own = ""
        for name in names:
            text = m.cell(summary.get(name), m.decimals(metrics, name), m.seeds(summary))
            own += number(placed(text, standings[name].get(model, "")))
        if "r2" in names:
            own += f'<td class="bar">{_bar(summary.get("r2"), content.ceiling)}</td>'
        own += number(str(m.seeds(summary)))
        rows.append(f'<tr><th scope="row">{escape(model)}</th>{own}</tr>')
    if content.ceiling is not None and "r2" in names:
        limit = "".join(
            number(placed(f"{content.ceiling:.3f}", "")) if name == "r2" else "<td></td>"
            for name in names
        )
        rows.append(
            f'<tr class="ceiling"><th scope="row">ceiling of the test set</th>{limit}'
            '<td class="bar"></td><td></td></tr>'
        )
    return table(
        f'<tr><th scope="col">model</th>{head}<th scope="col" class="number">seeds</th></tr>',
        rows,
        "Scores per model, best first",
    )


def placed(text: str, standing: str) -> str:
    """A score: bold where its model is ahead of all others, marked where it is not told apart."""
    mean, _, more = typeset(text or "–").partition(" ")
    words = f"<strong>{mean}</strong>" if standing == "first" else mean
    behind = f" <small>{more}</small>" if more else ""
    mark = '<span title="not told apart from the best">≈</span>' if standing == "level" else ""
    return f'{words}{behind}<span class="mark">{mark}</span>'


def comparison(columns: Sequence[Column]) -> str:
    """R2 and tau of each system in each setting, with what their intervals tell apart."""
    head = "".join(
        f'<th scope="col" class="number">{escape(column.setting.words)}</th>' for column in columns
    )
    rows = []
    for name in systems(columns):
        words = (
            " / ".join(placed(f"{mean} {more}".strip(), place) for mean, more, place in own) or "–"
            for own in (cells(column, name) for column in columns)
        )
        row = "".join(number(text) for text in words)
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{row}</tr>')
    limits = "".join(number("–" if c.ceiling is None else f"{c.ceiling:.3f}") for c in columns)
    rows.append(f'<tr class="ceiling"><th scope="row">ceiling of R²</th>{limits}</tr>')
    return table(
        f'<tr><th scope="col">system</th>{head}</tr>',
        rows,
        "R2 and tau of each system, by training set and split",
    )


def families(content: Content) -> str:
    """Tau, MAE and mean error per model and family on the scored split, averaged over seeds."""
    present = [f for f in content.families if any(p.family == f for p in content.scored)]
    first = second = ""
    for family in present:
        size = len({p.network for p in content.scored if p.family == family})
        first += (
            f'<th scope="colgroup" colspan="3" class="group">{symbol(content, family)}'
            f"{escape(family)} <small>{size:,}</small></th>"
        )
        second += "".join(
            f'<th scope="col" class="number{edge}">{name}</th>'
            for name, edge in (("τ", " group"), ("MAE", ""), ("bias", ""))
        )
    measured: dict[tuple[str, str], tuple[float | None, float, float]] = {}
    for model in content.models:
        runs = content.predictions(model)
        for family in present:
            own = [[p for p in run if p.family == family] for run in runs.values()]
            own = [run for run in own if run]
            if own:
                measured[model, family] = _family_scores(own)
    scale = min((v[1] for v in measured.values() if v[1] > 0), default=1.0)
    places = min(max(1 - math.floor(math.log10(scale)), 3), 8)
    rows = []
    for model in content.models:
        if not any((model, family) in measured for family in present):
            continue
        cells = ""
        for family in present:
            if (model, family) not in measured:
                cells += _NOTHING * 3
                continue
            tau, mae, bias = measured[model, family]
            cells += number("–" if tau is None else typeset(f"{tau:.3f}"), "group")
            cells += number(m.number(mae, places))
            sign = "+" if round(bias, places) > 0 else ""
            cells += number(sign + typeset(m.number(bias, places)))
        rows.append(f'<tr><th scope="row">{escape(model)}</th>{cells}</tr>')
    return table(
        f'<tr><th scope="col" rowspan="2">model</th>{first}</tr><tr>{second}</tr>',
        rows,
        "Scores per model and family",
    )


def zoo(content: Content) -> str:
    """Counts per family: networks by status, architectures, parameters and the target's range."""
    statuses = list(dict.fromkeys(str(n.get("status", "unknown")) for n in content.networks))
    head = "".join(f'<th scope="col" class="number">{escape(status)}</th>' for status in statuses)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for network in content.networks:
        groups.setdefault(str(network.get("family", "unknown")), []).append(network)
    rows = []
    for family, own in [*groups.items(), ("all", list(content.networks))]:
        if family == "all" and len(groups) == 1 and "all" not in groups:
            continue
        cells = "".join(
            number(f"{sum(str(n.get('status', 'unknown')) == status for n in own):,}")
            for status in statuses
        )
        cells += number(f"{len({n.get('architecture') for n in own}):,}")
        sizes = [n["parameters"] for n in own if n.get("parameters") is not None]
        cells += number(span(sizes, "{:,}")) if sizes else _NOTHING
        total = family == "all" and own is not groups.get("all")
        sign = "" if total else symbol(content, family)
        rows.append(
            f'<tr{" class=total" if total else ""}><th scope="row">{sign}{escape(family)}</th>'
            f"{cells}</tr>"
        )
    return table(
        f'<tr><th scope="col">family</th>{head}<th scope="col" class="number">architectures</th>'
        '<th scope="col" class="number">parameters</th></tr>',
        rows,
        "Networks of the zoo",
    )


def symbol(content: Content, family: str) -> str:
    """The marker that stands for a family in every drawing."""
    known = family in content.families
    return legend_symbol(content.families.index(family)) if known else ""


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


def _bar(score: Mapping[str, float] | None, ceiling: float | None) -> str:
    if score is None or not math.isfinite(score["mean"]):
        return ""
    x, low, high = (
        100 * min(max(value, 0.0), 1.0)
        for value in (
            score["mean"],
            score.get("low", score["mean"] - score["std"]),
            score.get("high", score["mean"] + score["std"]),
        )
    )
    mark = ""
    if ceiling is not None:
        place = 100 * min(max(ceiling, 0.0), 1.0)
        mark = f'<path class="limit" d="M{place:.1f} 0v12"/>'
    whisker = f'<path class="whisker" d="M{low:.1f} 6H{high:.1f}"/>' if high > low else ""
    return (
        '<svg viewBox="-1 0 102 12" aria-hidden="true" preserveAspectRatio="none">'
        '<rect class="track" y="2" width="100" height="8"/>'
        f'<rect class="fill" y="2" width="{x:.1f}" height="8"/>{whisker}{mark}</svg>'
    )


def number(text: str, *classes: str) -> str:
    """A cell of a table with a number in it, HTML."""
    return f'<td class="{" ".join(("number", *classes))}">{text}</td>'


def table(head: str, rows: Sequence[str], label: str) -> str:
    """A table of a head and rows, HTML, with a name for those who do not see it."""
    # A wide table scrolls in its own box, which needs a name and the keyboard's focus for that.
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}"><table>'
        f"<thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
