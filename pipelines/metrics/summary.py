"""The summary of runs: the mean of each score over seeds, and the order of models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.metrics.score import judged, signed

_KEYS_OF_A_ROW = ("model", "seed")


def summarise(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over seeds, per model.

        rows = [{"model": "gmn", "seed": 0, "r2": 0.8}, {"model": "gmn", "seed": 1, "r2": 0.9}]
        summarise(rows)["gmn"]["r2"]["mean"]

    A row has `model`, `seed`, and any number of scores. The result maps each model, in order of
    first appearance, to `{score: {"mean": x, "std": x}, ..., "seeds": n}`; `std` is the sample
    standard deviation (divisor n - 1), 0.0 for a single seed. Raises `PipelineError` for a row
    without a model, a (model, seed) pair that occurs twice, and rows of a model whose scores differ
    in name.
    """
    runs: dict[str, dict[Any, dict[str, float]]] = {}
    for number, row in enumerate(rows):
        if "model" not in row or "seed" not in row:
            raise PipelineError(
                f"row {number} has keys {sorted(row)}; `model` and `seed` are needed"
            )
        model, seed = str(row["model"]), row["seed"]
        seeds = runs.setdefault(model, {})
        if seed in seeds:
            raise PipelineError(f"row {number}: seed {seed} of model {model!r} occurs twice")
        values = {key: float(value) for key, value in row.items() if key not in _KEYS_OF_A_ROW}
        first = next(iter(seeds.values()), values)
        if values.keys() != first.keys():
            raise PipelineError(
                f"row {number}: seed {seed} of model {model!r} has scores {sorted(values)}, "
                f"its other seeds have {sorted(first)}"
            )
        seeds[seed] = values
    return {model: summary_of(list(seeds.values())) for model, seeds in runs.items()}


def ranking(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Models by the mean of the leading score, best first, ties by the next one, then by name.

    A model without a score is last.
    """
    names = judged({name for summary in metrics.values() for name in summary})[:2]

    def key(model: str) -> tuple[Any, ...]:
        means = (mean_of(metrics[model], name) for name in names)
        best_first = (
            -signed(name, mean) if math.isfinite(mean) else math.inf
            for name, mean in zip(names, means, strict=True)
        )
        return (*best_first, model)

    return sorted(metrics, key=key)


def seeds(summary: Mapping[str, Any]) -> int:
    """Number of seeds behind one model's summary."""
    return int(summary.get("seeds", 1))


def summary_of(runs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Give mean and deviation of each score, and the number of runs."""
    summary: dict[str, Any] = {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs], dtype=np.float64)
        std = float(values.std(ddof=1)) if len(runs) > 1 else 0.0
        summary[name] = {"mean": float(values.mean()), "std": std}
    summary["seeds"] = len(runs)
    return summary


def mean_of(summary: Mapping[str, Any], name: str) -> float:
    """Give the mean of a score; minus infinity where there is none."""
    mean = float(summary.get(name, {}).get("mean", -math.inf))
    return -math.inf if math.isnan(mean) else mean
