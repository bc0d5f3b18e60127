"""Outcomes: what the networks of one run scored, and the scores of any resample of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.metrics.measures import finite
from pipelines.metrics.rank_correlation import resampled_taus
from pipelines.metrics.resampling import Counts, Floats
from pipelines.metrics.score import SCORES, THRESHOLDS

FEWEST = 20
"""A threshold that leaves fewer networks has no score."""
TRUE, PREDICTED = "true", "predicted"


class Outcomes(ABC):
    """What each network of a split came to by one run; `what` says it in messages."""

    what: str

    @abstractmethod
    def scores(self, counts: Counts) -> dict[str, Floats]:
        """Give every score of every resample, (resamples,), by its name.

        `counts` says how often each network is in each resample, (n, resamples).
        """

    def networks(self, name: str) -> int | None:
        """Count the networks that a score is of, where these are not all."""
        return None

    def key(self) -> Hashable:
        """Give what is the same for all runs of one table: what was true of the networks."""
        return None


class Numbers(Outcomes):
    """A number of each network, true and predicted: R2, tau, MAE, and tau at thresholds."""

    what = "numbers"

    def __init__(self, true: Floats, predicted: Floats) -> None:
        self.true, self.predicted = true, predicted
        share = bool(true.size) and true.min() >= 0 and true.max() <= 1
        left = {name: int(np.count_nonzero(true >= least)) for name, least in THRESHOLDS.items()}
        self.left = {n: count for n, count in left.items() if share and count >= FEWEST}

    def scores(self, counts: Counts) -> dict[str, Floats]:
        lowest = [-np.inf, *(THRESHOLDS[name] for name in self.left)]
        taus = resampled_taus(self.true, self.predicted, counts, lowest)
        error = np.abs(self.true - self.predicted)
        return {
            "r2": r2(self.true, self.predicted, counts),
            "tau": taus[0],
            "mae": mean(error, counts),
            **dict(zip(self.left, taus[1:], strict=True)),
        }

    def networks(self, name: str) -> int | None:
        return self.left.get(name)

    def key(self) -> Hashable:
        return tuple(self.true.tolist())


class Classes(Outcomes):
    """A class of each network, true and predicted: accuracy, and its mean over true classes."""

    what = "classes"

    def __init__(self, true: Sequence[Any], predicted: Sequence[Any]) -> None:
        self.true = list(true)
        self.right = np.array([t == p for t, p in zip(true, predicted, strict=True)], np.float64)

    def scores(self, counts: Counts) -> dict[str, Floats]:
        numbers: dict[Any, int] = {}
        places = np.array([numbers.setdefault(t, len(numbers)) for t in self.true])
        member = (places == np.arange(len(numbers))[:, None]).astype(np.float32)
        each = (member @ counts).astype(np.float64)
        right = ((member * self.right.astype(np.float32)) @ counts).astype(np.float64)
        there = each > 0
        shares = np.where(there, right / np.where(there, each, 1), 0.0)
        return {
            "accuracy": mean(self.right, counts),
            "balanced_accuracy": shares.sum(0) / there.sum(0),
        }

    def key(self) -> Hashable:
        return tuple(self.true)


class Labels(Outcomes):
    """Several numbers of each network: the mean of squared errors, and of R2, over them."""

    what = "several numbers"

    def __init__(self, true: Floats, predicted: Floats) -> None:
        self.true, self.predicted = true, predicted

    def scores(self, counts: Counts) -> dict[str, Floats]:
        squares = np.mean((self.true - self.predicted) ** 2, axis=1)
        pairs = zip(self.true.T, self.predicted.T, strict=True)
        each = [r2(true, predicted, counts) for true, predicted in pairs]
        return {"mse": mean(squares, counts), "r2": np.mean(each, axis=0)}

    def key(self) -> Hashable:
        return tuple(self.true.ravel().tolist())


class Measures(Outcomes):
    """Numbers by which each network was measured already: their means."""

    what = "measures"

    def __init__(self, columns: Mapping[str, Floats]) -> None:
        self.columns = dict(columns)
        if "mse" in self.columns and "psnr" not in self.columns:
            least = np.finfo(np.float64).tiny
            self.columns["psnr"] = -10 * np.log10(np.maximum(self.columns["mse"], least))

    def scores(self, counts: Counts) -> dict[str, Floats]:
        return {name: mean(column, counts) for name, column in self.columns.items()}


def outcomes_of(rows: Sequence[Mapping[str, Any]]) -> Outcomes | None:
    """Read what rows of predictions are of by their columns; None where no score is known of them.

        outcomes_of([{"true": 0.1, "predicted": 0.2}, {"true": 0.5, "predicted": 0.4}])

    `true` and `predicted` are classes where there is a `probability` too, or where they are no
    numbers. `true NAME` and `predicted NAME` are several numbers. Columns that have the name of a
    score are measures. Raises `PipelineError` for numbers that are not finite.
    """
    names = list(rows[0]) if rows else []
    columns = {name: _numbers([row.get(name) for row in rows]) for name in names}
    several = [name.removeprefix("true ") for name in names if name.startswith("true ")]
    if TRUE in names and PREDICTED in names:
        true, predicted = columns[TRUE], columns[PREDICTED]
        if "probability" in names or true is None or predicted is None:
            return Classes([row[TRUE] for row in rows], [row[PREDICTED] for row in rows])
        return Numbers(finite(TRUE, true), finite(PREDICTED, predicted))
    if several and all(f"predicted {name}" in names for name in several):
        sides = [[f"{side} {name}" for name in several] for side in (TRUE, PREDICTED)]
        found = {n: own for side in sides for n in side if (own := columns[n]) is not None}
        if len(found) == 2 * len(several):
            stacks = (np.stack([finite(n, found[n]) for n in side], axis=1) for side in sides)
            return Labels(*stacks)
    measured = {n: c for n, c in columns.items() if n in SCORES and c is not None}
    if "mse" in measured and not np.isfinite(measured.get("psnr", 0.0)).all():
        del measured["psnr"]  # of an error of zero, for which there is a floor
    return Measures({n: finite(n, c) for n, c in measured.items()}) if measured else None


def mean(values: Floats, counts: Counts) -> Floats:
    """Give the mean of every resample, (resamples,)."""
    total = np.sum(counts, axis=0, dtype=np.float64)
    result: Floats = values @ counts.astype(np.float64) / total
    return result


def r2(true: Floats, predicted: Floats, counts: Counts) -> Floats:
    """Give the coefficient of determination of every resample, as `pipelines.metrics.scores`."""
    centred = true - true.mean()
    error = mean((true - predicted) ** 2, counts)
    spread = mean(centred**2, counts) - mean(centred, counts) ** 2
    # The highest and the lowest true value of a resample say exactly whether it has but one.
    there = counts > 0
    high = np.where(there, true[:, None], -np.inf).max(0)
    varied = high > np.where(there, true[:, None], np.inf).min(0)
    alone = np.where(error == 0, 1.0, 0.0)
    return np.where(varied, 1 - error / np.where(varied, spread, 1), alone)


def _numbers(cells: Sequence[Any]) -> Floats | None:
    try:
        return np.array([float(cell) for cell in cells], dtype=np.float64)
    except (TypeError, ValueError):
        return None
