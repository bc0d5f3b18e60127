"""How many steps a learned optimizer needs to where a tuned one gets, as a ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.resampling import LEVEL, network_counts, over_seeds

Floats = NDArray[np.float64]


def speedup(own: Floats, other: Floats, steps: Sequence[int]) -> float:
    """Give how many times fewer steps a training takes than another.

        adam, learned = np.array([2.0, 1.0, 0.5]), np.array([2.0, 0.5, 0.2])
        speedup(learned, adam, steps=(0, 10, 20))      # 2.0

    Losses are those after so many steps, (points,). The ratio is the number of steps in which the
    other reaches its lowest loss, over the number in which this one reaches that loss. One that
    never does is measured the other way round: the steps in which the other reaches what this one
    reaches at best, over the steps that it takes to it; so a ratio below 1 is that of a slower one.
    Between two points, losses are on a line. One that gets nowhere takes all steps to where the
    other is after one.
    """
    target = max(float(own.min()), float(other.min()))
    needed = reached(own, steps, target) if own.min() < own[0] else steps[-1]
    return max(1.0, reached(other, steps, target)) / max(1.0, needed)


def reached(losses: Floats, steps: Sequence[int], target: float) -> float:
    """Give the number of steps after which a loss is first at most `target`.

    >>> reached(np.array([2.0, 1.0, 0.5]), (0, 10, 20), 1.5)
    5.0
    """
    place = int(np.argmax(losses <= target))
    if place == 0:
        return float(steps[0])
    before, here = float(losses[place - 1]), float(losses[place])
    share = (before - target) / (before - here)
    return steps[place - 1] + share * (steps[place] - steps[place - 1])


def speedups(own: Floats, other: Floats, steps: Sequence[int]) -> dict[str, Any]:
    """Compare trainings (seeds, networks, points) with another's of the same networks.

    Gives the geometric mean of their `speedup`, its interval (`geometric`), and the share that
    `reached` the other's lowest loss.
    """
    logs = np.log([[speedup(a, b, steps) for a, b in zip(row, other, strict=True)] for row in own])
    return {
        **geometric(logs),
        "reached": float((own.min(2) <= other.min(1)).mean()),
    }


def geometric(logs: Floats) -> dict[str, Any]:
    """Give the geometric mean of ratios, of their logarithms (seeds, networks), with an interval.

    It is that of a bootstrap over networks and, where there are several, over seeds.
    """
    counts = network_counts(range(logs.shape[1])).astype(np.float64)
    resampled = over_seeds(logs @ counts / logs.shape[1], "")
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.exp(np.quantile(resampled, tails))
    return {"mean": float(np.exp(logs.mean())), "interval": [float(low), float(high)]}
