"""The charts of a report, each a function from numbers to what the page draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines import metrics as m
from pipelines.report.blocks import Chart
from pipelines.report.comparison import Column
from pipelines.report.inputs import Content, History, Prediction
from pipelines.report.networks import rounded

MOST_PANELS = 24
DECADES = 30.0
DIGITS = 6
"""Those of curves, whose steps are small."""


def limits(predictions: Iterable[Prediction]) -> tuple[float, float]:
    """Common limits of all panels: the range of true values and a margin of 12 percent."""
    true = [p.true for p in predictions]
    low, high = min(true), max(true)
    margin = 0.12 * (high - low) or 0.05 * abs(high) or 0.5
    return low - margin, high + margin


def predicted(
    content: Content,
    model: str,
    runs: Mapping[int, Sequence[Prediction]],
    window: tuple[float, float],
    label: str,
    description: str,
) -> Chart:
    """Predicted against true values of a model: a point a network, with all its seeds."""
    every = [p for run in runs.values() for p in run]
    beyond = sum(not window[0] <= p.predicted <= window[1] for p in every)
    detail = seeds_words(list(runs)) + (f"; {beyond:,} out of range" if beyond else "")
    spec = {
        "kind": "predicted",
        "system": model,
        "split": every[0].split,
        "label": label,
        "range": [rounded(value) for value in window],
    }
    return Chart(model, f"{description}, {seeds_words(list(runs))}", spec, detail)


def seeds_words(seeds: Sequence[int | None]) -> str:
    """Name seeds: "seed 3", "seeds 0, 1, 2"."""
    known = [str(seed) for seed in seeds if seed is not None]
    return f"seed{'s' if len(known) > 1 else ''} {', '.join(known)}" if known else ""


def intervals(content: Content, name: str, label: str, best: str) -> list[Chart]:
    """Means and differences to the best model by a score, with intervals; the first on top."""
    metrics = content.metrics
    own = {model: metrics[model][name] for model in m.ranking(metrics) if name in metrics[model]}
    apart = {model: s["difference"] for model, s in own.items() if s.get("difference")}
    by_seed = seed_scores(content, name)
    charts = []
    for title, rows, zero in (
        (label, own, False),
        (f"Difference in {label} to {best}", apart, True),
    ):
        listed = [
            [model, *(rounded(s.get(key, s["mean"])) for key in ("mean", "low", "high"))]
            for model, s in rows.items()
        ]
        seeds = {} if zero else by_seed
        spec = {
            "kind": "forest",
            "rows": listed,
            "seeds": [[rounded(value) for value in seeds.get(model, ())] for model in rows],
            "label": title,
            "zero": zero,
        }
        words = f"{title} of {len(rows)} models with 95 % intervals"
        charts.append(Chart(title, words, spec))
    return charts


def seed_scores(content: Content, name: str) -> dict[str, list[float]]:
    """Give a score of each model by each seed, where predictions say it."""
    found: dict[str, list[float]] = {}
    for model in content.models:
        for run in content.predictions(model).values():
            scores = m.scores([p.true for p in run], [p.predicted for p in run])
            if name in scores:
                found.setdefault(model, []).append(scores[name])
    return found


def scaling(columns: Sequence[Column], systems: Sequence[str], split: str) -> Chart:
    """R2 against the number of training networks, a line and intervals for each system."""
    lines = []
    for index, system in enumerate(systems):
        found = {
            column.setting.networks or 0: column.metrics[system]["r2"]
            for column in columns
            if system in column.metrics
        }
        sizes = sorted(found)
        parts = {
            key: [rounded(found[size].get(part, found[size]["mean"])) for size in sizes]
            for key, part in (("y", "mean"), ("low", "low"), ("high", "high"))
        }
        lines.append({"name": system, "colour": index, "x": sizes, **parts, "marks": True})
    ticks = sorted({column.setting.networks or 0 for column in columns})
    spec = {
        "kind": "lines",
        "lines": lines,
        "x": {"label": "training networks", "scale": "log", "ticks": ticks},
        "y": {"label": "R²", "scale": "linear"},
    }
    words = f"R² on {split} networks against the number of training networks"
    return Chart(f"{split} networks", words, spec)


def curves(
    title: str,
    description: str,
    histories: Sequence[History],
    columns: Mapping[str, tuple[str, int]],
    label: str,
    window: tuple[float, float] | None = None,
) -> Chart | None:
    """Columns of learning curves by epoch, one line per run; None if none has a finite value.

    `columns` maps a column to its name and the number of its colour; 1 and above are dashed.
    Without `window`, values that spread over more than a factor of 30 get a logarithmic axis.
    """
    lines: list[dict[str, Any]] = [
        {
            "name": f"{name} {seeds_words([history.seed])}".strip(),
            "colour": colour,
            "dashed": bool(colour),
            "x": [rounded(value) for value in history.columns["epoch"]],
            "y": [rounded(value, DIGITS) for value in history.columns[column]],
        }
        for column, (name, colour) in columns.items()
        for history in histories
        if column in history.columns and np.isfinite(history.columns[column]).any()
    ]
    if not lines:
        return None
    values = np.array([value for line in lines for value in line["y"] if value is not None])
    wide = bool(values.min() > 0 and values.max() / values.min() > DECADES)
    spec: dict[str, Any] = {
        "kind": "lines",
        "lines": lines,
        "x": {"label": "epoch", "scale": "linear"},
        "y": {"label": label, "scale": "log" if wide and window is None else "linear"},
    }
    if window is not None:
        spec["y"] = {**spec["y"], "range": window}
    seeds = seeds_words([history.seed for history in histories])
    return Chart(title, f"{description}, {seeds}" if seeds else description, spec, seeds)


def histogram(metric: str, label: str, count: int) -> Chart:
    """How a metric of the zoo is distributed, stacked by family."""
    spec = {"kind": "histogram", "metric": metric, "label": label}
    words = f"Histogram of the {label} of {count:,} networks, stacked by family"
    return Chart(f"How the {label} is distributed", words, spec)


def panels(
    columns: Sequence[Mapping[str, Any]], metric: str, label: str, count: int
) -> tuple[list[Chart], int]:
    """The metric against each setting that varies; and how many panels were one too many.

    `columns` are those of `pipelines.report.networks`, whose scale a panel has.
    """
    drawn = [c for c in columns if c.get("scale") in ("log", "linear", "choice")]
    drawn = [*(c for c in drawn if c["group"]), *(c for c in drawn if not c["group"])]
    names = [c["name"] for c in drawn]
    charts = []
    for column in drawn[:MOST_PANELS]:
        own = column["name"]
        words = "number of parameters" if own == "parameters" else own.replace("_", " ")
        if names.count(own) > 1:
            words += f" ({column['group']})"
        spec = {
            "kind": "setting",
            "name": own,
            "group": column["group"],
            "scale": column["scale"],
            "metric": metric,
            "label": label,
            "words": words,
        }
        described = f"{label} against {words} of {count:,} networks, coloured by family"
        charts.append(Chart(f"{label[:1].upper()}{label[1:]} against {words}", described, spec))
    return charts, max(len(drawn) - MOST_PANELS, 0)
