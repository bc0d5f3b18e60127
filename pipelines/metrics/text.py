"""Scores as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.metrics.intervals import standing
from pipelines.metrics.score import LABELS, SHARES, headings
from pipelines.metrics.summary import mean_of, ranking, seeds

MARKS = {"first": " *", "level": " ="}
LEGEND = (
    "[95 % interval over networks and seeds]   * ahead of all others   "
    "= not told apart from the best"
)


def table(metrics: Mapping[str, Mapping[str, Any]], *, ceiling: float | None = None) -> str:
    """Lay out a summary as an aligned plain-text table, best model first.

    Scores are printed with their intervals, and marked where a model is ahead of all others, or
    level with the best (see `standing`). Without intervals it is mean +- standard deviation over
    seeds; a model with a single seed has no deviation to print. With `ceiling` (see `r2_ceiling`)
    a last line gives it.
    """
    names = headings(metrics)
    marks = {name: standing(metrics, name) for name in names}
    lines = [["model", *(LABELS.get(name, name) for name in names), "seeds"]]
    for model in ranking(metrics):
        own = metrics[model]
        cells = [
            cell(own.get(name), decimals(metrics, name), seeds(own), marks[name].get(model, ""))
            for name in names
        ]
        lines.append([model, *cells, str(seeds(own))])
    if ceiling is not None:
        lines.append(["ceiling", *(f"{ceiling:.3f}" if n == "r2" else "" for n in names), ""])
    more = f"\n{LEGEND}" if any(marks.values()) else ""
    return aligned(lines) + more


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lay out lines of cells in columns of plain text."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def cell(score: Mapping[str, Any] | None, places: int, seed_count: int, place: str = "") -> str:
    """Write a score with its interval, and the mark of a model that is `first` or `level`."""
    if score is None:
        return ""
    if "low" not in score:
        return measure(score, places, seed_count)
    return f"{number(score['mean'], places)} {interval(score, places)}{MARKS.get(place, '')}"


def interval(score: Mapping[str, Any], places: int) -> str:
    """Write the interval of a score, or of a difference, as "[low, high]"."""
    return f"[{number(score['low'], places)}, {number(score['high'], places)}]"


def difference(score: Mapping[str, Any] | None, places: int) -> str:
    """Write how far a score is from the best one, with its interval; "" for the best itself."""
    found = None if score is None else score.get("difference")
    if found is None:
        return ""
    return f"{number(found['mean'], places)} {interval(found, places)}"


def decimals(metrics: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """Decimals for one column: three, and more where a mean would lose its third digit."""
    means = [abs(mean_of(summary, name)) for summary in metrics.values()]
    smallest = min((m for m in means if math.isfinite(m) and m > 0), default=1.0)
    if name in SHARES:
        return 3
    if name == "psnr":
        return 2
    return min(max(2 - math.floor(math.log10(smallest)), 3), 8)


def measure(score: Mapping[str, float] | None, places: int, seed_count: int) -> str:
    """Write `{"mean", "std"}` as "mean +- std", without the deviation for a single seed."""
    if score is None:
        return ""
    mean = number(score["mean"], places)
    return f"{mean} +- {number(score['std'], places)}" if seed_count > 1 else mean


def number(value: float, places: int) -> str:
    """Fixed-point text; scientific where that would run to many digits."""
    return f"{value:.2e}" if 1e4 <= abs(value) < math.inf else f"{value:.{places}f}"
