"""How well predictions match: scores of one run, their summary over seeds, and their ceiling."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PipelineError


@dataclass(frozen=True)
class Score:
    """A score: its name in plain text and in print, and whether a higher one is better.

    `higher` is None where there is no better: the number only says how to read the others.
    """

    label: str
    heading: str
    higher: bool | None


SCORES: Mapping[str, Score] = {
    "mse": Score("MSE", "MSE", False),
    "psnr": Score("PSNR", "PSNR", True),
    "unedited_mse": Score("MSE unedited", "MSE unedited", None),
    "reconstruction_mse": Score("MSE of fits", "MSE of the fits", None),
    "accuracy": Score("accuracy", "accuracy", True),
    "balanced_accuracy": Score("balanced", "balanced accuracy", True),
    "r2": Score("R2", "R²", True),
    "tau": Score("tau", "Kendall’s τ", True),
    "mae": Score("MAE", "MAE", False),
}
"""All scores, in the order of tables. The first of those that a task has leads: a search maximises
it, or minimises it if lower is better, and tables are sorted by it."""

LABELS = {name: score.label for name, score in SCORES.items()}
_KEYS_OF_A_ROW = ("model", "seed")


def scores(true: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Score predictions: coefficient of determination, Kendall's tau-b, mean absolute error.

        >>> scores([0.1, 0.5, 0.9], [0.2, 0.5, 0.8])["tau"]
        1.0

    Both arguments hold one number per network and are flattened. `r2` is 1 - SSE / SST with the
    mean taken over the given set; where all true values are equal it is 1.0 for exact predictions
    and 0.0 otherwise. `tau` is 0.0 where true values or predictions are constant. `mae` is in the
    unit of `true`. Raises `PipelineError` for unequal lengths, no values, or values that are not
    finite.
    """
    t = _finite("true", true)
    p = _finite("predicted", predicted)
    if t.size != p.size:
        raise PipelineError(
            f"`true` has {t.size} values and `predicted` has {p.size}; give one each per network"
        )
    from scipy.stats import kendalltau  # the table of finished results needs no scipy

    # A constant is found by its range: its mean, and so its SST, may be off by a rounding error.
    sse = float(np.sum((t - p) ** 2))
    if np.ptp(t) > 0:
        r2 = 1.0 - sse / float(np.sum((t - t.mean()) ** 2))
    else:
        r2 = 1.0 if sse == 0.0 else 0.0
    constant = np.ptp(t) == 0 or np.ptp(p) == 0
    tau = 0.0 if constant else float(kendalltau(t, p).statistic)
    return {"r2": r2, "tau": tau, "mae": float(np.mean(np.abs(t - p)))}


def class_scores(true: Sequence[Any], predicted: Sequence[Any]) -> dict[str, float]:
    """Score predicted classes: the share that is right, and the mean of that over true classes.

    >>> class_scores([0, 0, 0, 1], [0, 0, 0, 0])
    {'accuracy': 0.75, 'balanced_accuracy': 0.5}

    Raises `PipelineError` for unequal lengths and for no classes.
    """
    if len(true) != len(predicted) or not len(true):
        raise PipelineError(
            f"`true` has {len(true)} classes and `predicted` has {len(predicted)}; give one each "
            "per network, and a network at least"
        )
    right: dict[Any, list[bool]] = {}
    for t, p in zip(true, predicted, strict=True):
        right.setdefault(t, []).append(bool(t == p))
    return {
        "accuracy": float(np.mean([t == p for t, p in zip(true, predicted, strict=True)])),
        "balanced_accuracy": float(np.mean([np.mean(own) for own in right.values()])),
    }


def summarise(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over seeds, per model.

        >>> rows = [{"model": "gmn", "seed": 0, "r2": 0.8}, {"model": "gmn", "seed": 1, "r2": 0.9}]
        >>> summarise(rows)["gmn"]["seeds"]
        2

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
    return {model: _summary(list(seeds.values())) for model, seeds in runs.items()}


def judged(names: Collection[str]) -> list[str]:
    """List those of some scores that have a better, the leading one first."""
    return [name for name, score in SCORES.items() if name in names and score.higher is not None]


def signed(name: str, value: float) -> float:
    """Give a score's value with the sign by which more is better."""
    score = SCORES.get(name)
    return -value if score is not None and score.higher is False else value


def leading_value(measured: Mapping[str, float]) -> float:
    """Give the leading score of one run, with the sign by which more is better."""
    first = judged(measured)[0]
    return signed(first, measured[first])


def ranking(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Models by the mean of the leading score, best first, ties by the next one, then by name.

    A model without a score is last.
    """
    names = judged({name for summary in metrics.values() for name in summary})[:2]

    def key(model: str) -> tuple[Any, ...]:
        means = (_mean(metrics[model], name) for name in names)
        best_first = (
            -signed(name, mean) if math.isfinite(mean) else math.inf
            for name, mean in zip(names, means, strict=True)
        )
        return (*best_first, model)

    return sorted(metrics, key=key)


def table(metrics: Mapping[str, Mapping[str, Any]], *, ceiling: float | None = None) -> str:
    """Lay out a summary as an aligned plain-text table, best model first.

    Scores are printed as mean +- standard deviation over seeds; a model with a single seed has no
    deviation to print. With `ceiling` (see `r2_ceiling`) a last line gives it.
    """
    names = score_names(metrics)
    header = ["model", *(LABELS.get(name, name) for name in names), "seeds"]
    lines = [header]
    for model in ranking(metrics):
        cells = [
            measure(metrics[model].get(name), decimals(metrics, name), seeds(metrics[model]))
            for name in names
        ]
        lines.append([model, *cells, str(seeds(metrics[model]))])
    if ceiling is not None:
        lines.append(["ceiling", *(f"{ceiling:.3f}" if n == "r2" else "" for n in names), ""])
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def r2_ceiling(true: npt.ArrayLike, test_size: int) -> float:
    """R2 that the finite test set of the zoo leaves to a perfect predictor of expected accuracy.

    An accuracy p measured on n = `test_size` examples is a binomial estimate with variance
    p (1 - p) / n. A predictor that knows every network's accuracy on the distribution, but not
    which test examples were drawn, is left with that variance, so its expected R2 is

        1 - mean(p (1 - p) / n) / var(p)

    with mean and (population) variance over the networks in `true`. It is an estimate, not a
    bound: all networks share one test set, so part of the noise is common to them and can be
    learned. Raises `PipelineError` unless all accuracies lie in [0, 1] and differ, and `test_size`
    is positive.
    """
    p = _finite("true", true)
    if test_size < 1:
        raise PipelineError(f"`test_size` is {test_size}; it counts test examples, 1 or more")
    if p.min() < 0 or p.max() > 1:
        raise PipelineError(
            f"accuracies run from {p.min():g} to {p.max():g}; the ceiling needs fractions in [0, 1]"
        )
    if np.ptp(p) == 0:
        raise PipelineError(f"all accuracies are {p[0]:g}; R2 has no ceiling where nothing varies")
    return float(1.0 - np.mean(p * (1.0 - p) / test_size) / np.var(p))


def score_names(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the scores in a summary: those of `SCORES` first, others in order of appearance."""
    present = [name for summary in metrics.values() for name in summary if name != "seeds"]
    return list(dict.fromkeys([*(name for name in LABELS if name in present), *present]))


def seeds(summary: Mapping[str, Any]) -> int:
    """Number of seeds behind one model's summary."""
    return int(summary.get("seeds", 1))


def decimals(metrics: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """Decimals for one column: three, and more where a mean would lose its third digit."""
    means = [abs(_mean(summary, name)) for summary in metrics.values()]
    smallest = min((m for m in means if math.isfinite(m) and m > 0), default=1.0)
    if name in ("r2", "tau", "accuracy", "balanced_accuracy"):
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


def _summary(runs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs], dtype=np.float64)
        std = float(values.std(ddof=1)) if len(runs) > 1 else 0.0
        summary[name] = {"mean": float(values.mean()), "std": std}
    summary["seeds"] = len(runs)
    return summary


def _mean(summary: Mapping[str, Any], name: str) -> float:
    mean = float(summary.get(name, {}).get("mean", -math.inf))
    return -math.inf if math.isnan(mean) else mean


def _finite(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    if array.size == 0:
        raise PipelineError(f"`{name}` is empty; there is nothing to score")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        where = int(np.flatnonzero(~np.isfinite(array))[0])
        raise PipelineError(
            f"`{name}` holds {bad} of {array.size} values that are not finite, the first at "
            f"position {where}; did the model diverge?"
        )
    return array
