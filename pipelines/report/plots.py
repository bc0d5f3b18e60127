"""The drawings of a report, each a function from numbers to one inline SVG panel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pipelines.report import drawing
from pipelines.report.comparison import Column
from pipelines.report.inputs import Floats, History, Prediction

T = TypeVar("T")
MOST_POINTS = 2000
_DISCRETE = 6
_DECADES = 30.0


def limits(predictions: Iterable[Prediction]) -> tuple[float, float]:
    """Common limits of all panels: the range of true values and a margin of 12 percent."""
    true = [p.true for p in predictions]
    low, high = min(true), max(true)
    margin = 0.12 * (high - low) or 0.05 * abs(high) or 0.5
    return low - margin, high + margin


def outside(predictions: Iterable[Prediction], window: tuple[float, float]) -> int:
    """Number of predictions beyond the limits; the panel has them on its border."""
    return sum(not window[0] <= p.predicted <= window[1] for p in predictions)


def predicted_against_true(
    predictions: Sequence[Prediction],
    families: Sequence[str],
    window: tuple[float, float],
    *,
    name: str,
    description: str,
) -> str:
    """One point per network, coloured by family, and the diagonal of exact predictions."""
    with drawing.panel(3.9, 3.8) as (figure, axes):
        axes.plot(window, window, color=drawing.MUTED, linewidth=1, linestyle=(0, (4, 3)))
        points = thin(predictions)
        for index, family in enumerate(families):
            own = [p for p in points if p.family == family]
            _points(
                axes,
                [p.true for p in own],
                [min(max(p.predicted, window[0]), window[1]) for p in own],
                index,
                len(points),
            )
        axes.set(xlim=window, ylim=window, xlabel="true", ylabel="predicted", aspect="equal")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        return drawing.to_svg(figure, name, description)


def scaling(
    columns: Sequence[Column], systems: Sequence[str], *, name: str, description: str
) -> str:
    """R2 against the number of training networks, a line and error bars for each system."""
    with drawing.panel(4.4, 3.3) as (figure, axes):
        for index, system in enumerate(systems):
            found = {
                column.setting.networks or 0: column.metrics[system]["r2"]
                for column in columns
                if system in column.metrics
            }
            sizes = sorted(found)
            means = [found[size]["mean"] for size in sizes]
            low = [found[size].get("low", found[size]["mean"]) for size in sizes]
            high = [found[size].get("high", found[size]["mean"]) for size in sizes]
            axes.errorbar(
                sizes,
                means,
                np.abs(np.array([low, high]) - means),
                color=drawing.colour(index),
                marker=drawing.marker(index),
                markersize=4.6,
                linewidth=1.3,
                capsize=2.5,
            )
        sizes = sorted({column.setting.networks or 0 for column in columns})
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set(xlabel="training networks", ylabel="R²")
        return drawing.to_svg(figure, name, description)


def curves(
    histories: Sequence[History],
    columns: Mapping[str, int],
    *,
    ylabel: str,
    window: tuple[float, float] | None = None,
    name: str,
    description: str,
) -> str | None:
    """Columns of learning curves by epoch, one line per run.

    `columns` maps a column to the number of its colour; colour 1 and above are dashed. None if no
    run has a finite value. `window` sets the limits of the vertical axis; without it, values that
    spread over more than a factor of 30 get a logarithmic one.
    """
    lines = [
        (history.columns["epoch"], history.columns[column], index)
        for column, index in columns.items()
        for history in histories
        if column in history.columns and np.isfinite(history.columns[column]).any()
    ]
    if not lines:
        return None
    values = np.concatenate([line[1][np.isfinite(line[1])] for line in lines])
    with drawing.panel(4.4, 2.9) as (figure, axes):
        for epoch, value, index in lines:
            few = np.isfinite(value).sum() < 3
            axes.plot(
                epoch,
                np.where(np.isfinite(value), value, np.nan),
                color=drawing.colour(index),
                linewidth=1.3,
                linestyle=(0, (4, 2)) if index else "-",
                alpha=0.85,
                marker="o" if few else None,
                markersize=4,
            )
        if window is not None:
            axes.set_ylim(window)
        elif _wide(values):
            axes.set_yscale("log")
            _decades(axes.yaxis)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set(xlabel="epoch", ylabel=ylabel)
        return drawing.to_svg(figure, name, description)


def histogram(
    groups: Sequence[Sequence[float]], *, xlabel: str, name: str, description: str
) -> str:
    """A histogram stacked by family; `groups[i]` are the values of family i."""
    pooled = np.concatenate([np.asarray(group, dtype=np.float64) for group in groups])
    low, high = float(pooled.min()), float(pooled.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, min(max(8, math.ceil(2 * len(pooled) ** 0.5)), 40) + 1)
    with drawing.panel(4.4, 3.3) as (figure, axes):
        bottom = np.zeros(len(edges) - 1)
        for index, group in enumerate(groups):
            counts = np.histogram(group, edges)[0]
            axes.bar(
                edges[:-1],
                counts,
                np.diff(edges),
                bottom,
                align="edge",
                color=drawing.colour(index),
                edgecolor=drawing.PAPER,
                linewidth=0.6,
            )
            bottom += counts
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        axes.set(xlabel=xlabel, ylabel="networks")
        return drawing.to_svg(figure, name, description)


def against(
    values: Sequence[float | str],
    heights: Sequence[float],
    families: Sequence[int],
    *,
    xlabel: str,
    ylabel: str,
    name: str,
    description: str,
) -> str:
    """Heights against values, one point per network, coloured by the number of its family.

    A few distinct values, or words, stand side by side with their points spread out; numbers that
    span more than a factor of 30 get a logarithmic axis.
    """
    chosen = thin(range(len(values)))
    with drawing.panel(4.4, 3.3) as (figure, axes):
        distinct = sorted(set(values), key=lambda v: (isinstance(v, str), v))
        discrete = len(distinct) <= _DISCRETE or any(isinstance(v, str) for v in distinct)
        if discrete:
            place = {value: i for i, value in enumerate(distinct)}
            spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(chosen))
            xs = [place[values[i]] + shift for i, shift in zip(chosen, spread, strict=True)]
            shown = range(0, len(distinct), math.ceil(len(distinct) / 8))
            axes.set_xticks(list(shown), [_label(distinct[i]) for i in shown])
            axes.grid(axis="x", visible=False)
        else:
            xs = [float(values[i]) for i in chosen]
            if _wide(np.array(xs)):
                axes.set_xscale("log")
                _decades(axes.xaxis)
            else:
                axes.xaxis.set_major_locator(MaxNLocator(5))
        for index in sorted(set(families)):
            own = [j for j, i in enumerate(chosen) if families[i] == index]
            _points(
                axes, [xs[j] for j in own], [heights[chosen[j]] for j in own], index, len(chosen)
            )
        if discrete:
            axes.set_xlim(-0.6, len(distinct) - 0.4)
        elif axes.get_xscale() == "linear":
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.set(xlabel=xlabel, ylabel=ylabel)
        return drawing.to_svg(figure, name, description)


def thin(items: Sequence[T]) -> list[T]:
    """At most `MOST_POINTS` of the items, evenly spaced: a page must stay light."""
    if len(items) <= MOST_POINTS:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, MOST_POINTS).astype(int)]


def _points(axes: Axes, xs: Sequence[float], ys: Sequence[float], index: int, total: int) -> None:
    axes.plot(
        xs,
        ys,
        linestyle="none",
        marker=drawing.marker(index),
        markersize=4.6 if total <= 400 else 3.4,
        markerfacecolor=drawing.colour(index),
        markeredgecolor="none",
        alpha=0.7 if total <= 400 else 0.5,
        clip_on=False,
    )


def _wide(values: Floats) -> bool:
    return bool(values.min() > 0 and values.max() / values.min() > _DECADES)


def _decades(axis: Axis) -> None:
    # matplotlib's own labels are in TeX, which SVG text does not set.
    axis.set_major_locator(LogLocator(numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda x, _: _power(x)))
    axis.set_minor_formatter(NullFormatter())


def _power(x: float) -> str:
    if 0.9e-4 < x < 1e5:
        return f"{x:,g}"
    exponent = f"{math.log10(x):.0f}" if x > 0 else ""
    return "10" + exponent.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _label(value: float | str) -> str:
    if isinstance(value, str):
        return value if len(value) <= 14 else value[:13] + "…"
    return f"{value:g}"
