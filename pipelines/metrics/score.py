"""Scores: what they are called, and which way is better."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(frozen=True)
class Score:
    """A score: its name in plain text and in print, and whether a higher one is better.

    `higher` is None where there is no better: the number only says how to read the others. It is
    from `least` to `most`.
    """

    label: str
    heading: str
    higher: bool | None
    least: float = -inf
    most: float = inf


THRESHOLDS = {f"tau_{percent}": percent / 100 for percent in (20, 40, 60, 80)}
"""Scores that are tau among the networks whose true value, a share, is at least so much."""

SCORES: Mapping[str, Score] = {
    "mse": Score("MSE", "MSE", False, 0),
    "psnr": Score("PSNR", "PSNR", True),
    "signed_mse": Score("MSE -1 to 1", "MSE of values from −1 to 1", None, 0),
    "unedited_mse": Score("MSE unedited", "MSE unedited", None, 0),
    "reconstruction_mse": Score("MSE of fits", "MSE of the fits", None, 0),
    "accuracy": Score("accuracy", "accuracy", True, 0, 1),
    "balanced_accuracy": Score("balanced", "balanced accuracy", True, 0, 1),
    "r2": Score("R2", "R²", True, -inf, 1),
    "tau": Score("tau", "Kendall’s τ", True, -1, 1),
    "mae": Score("MAE", "MAE", False, 0),
    **{
        name: Score(f"tau at {share:.0%}", f"τ from {100 * share:.0f} %", True, -1, 1)
        for name, share in THRESHOLDS.items()
    },
}
"""All scores, in the order of tables. The first of those that a task has leads: a search maximises
it, or minimises it if lower is better, and tables are sorted by it."""

LABELS = {name: score.label for name, score in SCORES.items()}
SHARES = tuple(name for name, score in SCORES.items() if score.most == 1)
"""Scores that are at most 1."""


def judged(names: Collection[str]) -> list[str]:
    """List those of some scores that have a better, the leading one first."""
    return [name for name, score in SCORES.items() if name in names and score.higher is not None]


def signed(name: str, value: float) -> float:
    """Give a score's value with the sign by which more is better."""
    score = SCORES.get(name)
    return -value if score is not None and score.higher is False else value


def bounds(name: str, difference: bool = False) -> tuple[float, float]:
    """Give the least and the most that a score can be, or the difference of two of them."""
    score = SCORES.get(name)
    least, most = (-inf, inf) if score is None else (score.least, score.most)
    return (least - most, most - least) if difference else (least, most)


def leading_value(measured: Mapping[str, float]) -> float:
    """Give the leading score of one run, with the sign by which more is better."""
    first = judged(measured)[0]
    return signed(first, measured[first])


def score_names(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the scores in a summary: those of `SCORES` first, others in order of appearance."""
    present = [name for summary in metrics.values() for name in summary if name != "seeds"]
    return list(dict.fromkeys([*(name for name in LABELS if name in present), *present]))


def headings(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the scores that a table of all of them has: not those at thresholds."""
    return [name for name in score_names(metrics) if name not in THRESHOLDS]
