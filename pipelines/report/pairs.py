"""Paired differences as a drawing: a line for each pair, with its mean, grouped by tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pipelines import metrics as m
from pipelines.metrics.score import SHARES
from pipelines.report import drawing

if TYPE_CHECKING:  # which writes such drawings
    from pipelines.pairs.measuring import Row

NAME = "pairs"
RATIO = "times better: a smaller error, or a higher score"
COLOURS = {"ahead": drawing.colour(0), "behind": drawing.colour(1), "level": drawing.MUTED}
_LONGEST, _SHORTEST, _WIDTH, _ROW = 78, 20, 9.6, 0.24


def figure(rows: Sequence[Row]) -> str:
    """Draw pairs, a panel for each unit, as an SVG file: on the right what is with it is better.

    Blue is ahead, vermilion behind, and grey level.
    """
    panels = [[row for row in rows if unit(row) == one] for one in dict.fromkeys(map(unit, rows))]
    heights = [len(own) + len({row.group for row in own}) + 3.0 for own in panels]
    with drawing.canvas(_WIDTH, _ROW * sum(heights)) as canvas:
        found = canvas.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        number = 0
        for axes, own in zip(found, panels, strict=True):
            draw(axes, own, number)
            number += len(own)
        description = f"{len(rows)} pairs of systems with 95 % intervals of what one adds"
        return drawing.standalone(drawing.to_svg(canvas, NAME, description))


def draw(axes: Axes, rows: Sequence[Row], number: int) -> None:
    """Draw the pairs of one unit, which are numbered from `number` on."""
    axes.axvline(0, color=drawing.MUTED, linewidth=1, linestyle=(0, (4, 3)))
    labels: list[str] = []
    heads: list[int] = []
    for group in dict.fromkeys(row.group for row in rows):
        heads.append(len(labels))
        labels.append(group)
        for row in (row for row in rows if row.group == group):
            place, colour = len(labels), COLOURS[row.statement]
            axes.plot([row.low, row.high], [place] * 2, color=colour, linewidth=1.6)
            (mark,) = axes.plot([row.gain], [place], color=colour, marker="o", markersize=4.6)
            mark.set_gid(f"mark-{number}")
            labels.append(words(row))
            number += 1
    axes.set_yticks(range(len(labels)), labels)
    for place in heads:
        axes.get_yticklabels()[place].set_fontweight("bold")
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    if rows[0].ratio:
        ends = axes.get_xlim()
        round_ones = MaxNLocator(5).tick_values(*map(math.exp, ends))
        inside = [x for x in round_ones if x > 0 and ends[0] <= math.log(x) <= ends[1]]
        axes.set_xticks([math.log(x) for x in inside], [f"×{x:.3g}" for x in inside])
    axes.set_xlabel(unit(rows[0]))


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
