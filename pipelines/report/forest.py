"""Intervals as a drawing: a line for each model, its mean on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.ticker import MaxNLocator

from pipelines.report import drawing

_LONGEST = 18


def forest(
    rows: Mapping[str, Mapping[str, Any]], *, xlabel: str, zero: bool, name: str, description: str
) -> str:
    """Means and intervals of models, the first on top; with `zero`, a line where none differ."""
    with drawing.panel(4.4, 0.9 + 0.27 * len(rows)) as (figure, axes):
        if zero:
            axes.axvline(0, color=drawing.MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for place, score in enumerate(rows.values()):
            axes.plot(
                [score["low"], score["high"]] if "low" in score else [score["mean"]] * 2,
                [place, place],
                color=drawing.colour(0),
                linewidth=1.6,
                solid_capstyle="butt",
            )
            axes.plot([score["mean"]], [place], color=drawing.colour(0), marker="o", markersize=4.6)
        labels = [n if len(n) <= _LONGEST else n[: _LONGEST - 1] + "…" for n in rows]
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set(xlabel=xlabel)
        return drawing.to_svg(figure, name, description)
