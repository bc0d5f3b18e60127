"""Metrics: scores of runs, intervals of them, and the tables that they make."""

from __future__ import annotations

from pipelines.metrics.intervals import leader, left_at_thresholds, standing, with_intervals
from pipelines.metrics.measures import class_scores, r2_ceiling, scores
from pipelines.metrics.predictions import compare
from pipelines.metrics.score import (
    LABELS,
    SCORES,
    THRESHOLDS,
    Score,
    headings,
    judged,
    leading_value,
    score_names,
    signed,
)
from pipelines.metrics.summary import ranking, seeds, summarise
from pipelines.metrics.text import cell, decimals, difference, interval, measure, number, table

__all__ = [
    "LABELS",
    "SCORES",
    "THRESHOLDS",
    "Score",
    "cell",
    "class_scores",
    "compare",
    "decimals",
    "difference",
    "headings",
    "interval",
    "judged",
    "leader",
    "leading_value",
    "left_at_thresholds",
    "measure",
    "number",
    "r2_ceiling",
    "ranking",
    "score_names",
    "scores",
    "seeds",
    "signed",
    "standing",
    "summarise",
    "table",
    "with_intervals",
]
