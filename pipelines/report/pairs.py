"""Paired differences as a drawing: a line for each pair, with its mean, grouped by tasks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from pipelines import metrics as m
from pipelines.metrics.score import SHARES

if TYPE_CHECKING:  # which writes such drawings
    from pipelines.pairs.measuring import Row

RATIO = "times better: a smaller error, or a higher score"
_LONGEST, _SHORTEST = 78, 20
_ROW, _LEFT, _RIGHT, _FOOT = 19, 540, 860, 46
"""Pixels: the height of a row, the ends of the axis, and what is below the rows of a panel."""


def figure(rows: Sequence[Row]) -> str:
    """Draw pairs, a panel for each unit, as an SVG file: on the right what is with it is better.

    Blue is ahead, vermilion behind, and grey level.
    """
    from pipelines.report.page import environment

    panels: list[dict[str, Any]] = []
    for name in dict.fromkeys(map(unit, rows)):
        top = panels[-1]["bottom"] + _FOOT if panels else 8
        panels.append(panel([row for row in rows if unit(row) == name], top))
    order = iter(range(len(rows)))
    for line in (line for own in panels for line in own["lines"] if "mark" in line):
        line["mark"] = next(order)
    return (
        environment()
        .get_template("pairs.svg")
        .render(
            panels=panels,
            left=_LEFT,
            width=_RIGHT + 22,
            height=panels[-1]["bottom"] + _FOOT,
            label=f"{len(rows)} pairs of systems with 95 % intervals of what one adds",
        )
    )


def panel(rows: Sequence[Row], top: float) -> dict[str, Any]:
    """Place the pairs of one unit: their lines from `top` on, and the ticks of the axis."""
    low = min(0.0, *(min(row.low, row.gain) for row in rows))
    high = max(0.0, *(max(row.high, row.gain) for row in rows))
    room = 0.04 * (high - low) or 0.5
    low, high = low - room, high + room

    def across(value: float) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * (value - low) / (high - low):.1f}"

    lines = list(places(rows, top, across))
    return {
        "top": top,
        "bottom": lines[-1]["y"] + _ROW,
        "zero": across(0),
        "lines": lines,
        "unit": unit(rows[0]),
        "ticks": [(across(value), words) for value, words in ticks(low, high, rows[0].ratio)],
    }


def places(rows: Sequence[Row], top: float, across: Any) -> Iterator[dict[str, Any]]:
    """Give the lines of a panel from above: the name of each group, and then its pairs."""
    y = top
    for group in dict.fromkeys(row.group for row in rows):
        y += _ROW
        yield {"y": y, "text": group}
        for row in (row for row in rows if row.group == group):
            y += _ROW
            ends = {key: across(getattr(row, key)) for key in ("low", "gain", "high")}
            yield {"y": y, "text": words(row), "mark": 0, "kind": row.statement, **ends}


def ticks(low: float, high: float, ratio: bool) -> list[tuple[float, str]]:
    """Give round places of an axis with their words; of ratios, whose logarithms it has."""
    if not ratio:
        found = [x for x in MaxNLocator(6).tick_values(low, high) if low <= x <= high]
        return [(x, f"{x:.6g}".replace("-", "−")) for x in found]
    round_ones = MaxNLocator(5).tick_values(math.exp(low), math.exp(high))
    return [(math.log(x), f"×{x:.3g}") for x in round_ones if x > 0 and low <= math.log(x) <= high]


def unit(row: Row) -> str:
    """Name what is along the axis of a pair."""
    if row.ratio:
        return RATIO
    if row.score in m.SCORES and row.score not in SHARES:
        return f"difference in {m.LABELS[row.score]}"
    return "difference in R², τ, accuracy or another share"


def words(row: Row) -> str:
    """Name a pair."""
    label = m.LABELS.get(row.score, row.score.replace("_", " "))
    rest = f": {row.with_it} / {row.without}, {label}"
    room = max(_LONGEST - len(rest), _SHORTEST)
    title = row.title if len(row.title) <= room else row.title[: room - 1] + "…"
    return title + rest
