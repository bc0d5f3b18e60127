"""How well one run's predictions match, and the most that could be reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PipelineError


def scores(true: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Score predictions: coefficient of determination, Kendall's tau-b, mean absolute error.

        scores([0.1, 0.5, 0.9], [0.2, 0.5, 0.8])["tau"]       # 1.0

    Both arguments hold one number per network and are flattened. `r2` is 1 - SSE / SST with the
    mean taken over the given set; where all true values are equal it is 1.0 for exact predictions
    and 0.0 otherwise. `tau` is 0.0 where true values or predictions are constant. `mae` is in the
    unit of `true`. Raises `PipelineError` for unequal lengths, no values, or values that are not
    finite.
    """
    t = finite("true", true)
    p = finite("predicted", predicted)
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

        class_scores([0, 0, 0, 1], [0, 0, 0, 0])["accuracy"]  # 0.75

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


def r2_ceiling(true: npt.ArrayLike, test_size: int) -> float:
    """R2 that the finite test set of the zoo leaves to a perfect predictor of expected accuracy.

    An accuracy p measured on n = `test_size` examples is a binomial estimate with variance
    p (1 - p) / n. A predictor that knows every network's accuracy on the distribution, but not
    which test examples were drawn, is left with that variance, so its expected R2 is
    1 - mean(p (1 - p) / n) / var(p), with mean and (population) variance over the networks in
    `true`. It is an estimate, not a bound: all networks share one test set, so part of the noise is
    common to them and can be learned. Raises `PipelineError` unless all accuracies lie in [0, 1]
    and differ, and `test_size` is positive.
    """
    p = finite("true", true)
    if test_size < 1:
        raise PipelineError(f"`test_size` is {test_size}; it counts test examples, 1 or more")
    if p.min() < 0 or p.max() > 1:
        raise PipelineError(
            f"accuracies run from {p.min():g} to {p.max():g}; the ceiling needs fractions in [0, 1]"
        )
    if np.ptp(p) == 0:
        raise PipelineError(f"all accuracies are {p[0]:g}; R2 has no ceiling where nothing varies")
    return float(1.0 - np.mean(p * (1.0 - p) / test_size) / np.var(p))


def finite(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give values as float64 (n,); `PipelineError` for none, and where one is not finite."""
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
