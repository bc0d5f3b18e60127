"""Predictions: from a table of what each run said of each network to a summary of the models."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.metrics.intervals import with_intervals
from pipelines.metrics.outcomes import PREDICTED, TRUE, Outcomes, outcomes_of
from pipelines.metrics.resampling import RESAMPLES

GROUP = "group"
"""The column of what a network is resampled with, such as the other checkpoints of its training."""
COLUMNS = ("model", "seed", "network", "split")
ABOUT = (*COLUMNS, GROUP, "family", "zoo", TRUE, PREDICTED, "probability")
"""Columns that say of which network a row is, and what was predicted of it: no scores."""
_FIRST = 2


def compare(
    predictions: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    split: str = "test",
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """Compare the models of a table of predictions, with intervals over networks and seeds.

        pipelines.compare("out/results/predictions.csv")["gmn"]["tau"]["low"]

    Gives, for each model, `{score: {"mean", "std", "low", "high", "networks"}, ..., "seeds": n}`:
    mean and deviation over seeds, the 95 % interval by a bootstrap over networks and seeds, and,
    for all but the best model by a score, the paired `difference` to that one,
    `{"to", "mean", "low", "high"}`. `pipelines.metrics.table` lays it out.

    Args:
        predictions: a CSV file, or rows, with `model`, `seed`, `network` and `split`, and what
            `gmn evaluate` writes for the task: `true` and `predicted` numbers or classes, the same
            for several numbers by name, or columns with the names of scores. Checkpoints of one
            training have one `group`.
        split: which of the networks.
        resamples: how many resamples the intervals are from.

    Raises `PipelineError` for a table that cannot be read, and for runs that are not of the same
    networks.
    """
    if resamples < 1:
        raise PipelineError(f"`resamples` is {resamples}; intervals are from 1 or more")
    rows = list(_rows(predictions))
    found = sorted({str(row["split"]) for row in rows})
    if split not in found:
        there = ", ".join(found) or "none"
        raise PipelineError(f"no predictions for the split {split!r}; there are: {there}")
    return summaries_of(rows, split, None, resamples)


def summaries_of(
    rows: Iterable[Mapping[str, Any]],
    split: str,
    scores: Sequence[Mapping[str, Any]] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """Summarise the runs of a split, with intervals where rows tell how they come about.

    `scores` are those that are known of each run, with its `model` and `seed`; what rows tell is
    added to them.
    """
    runs: dict[tuple[str, Any], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["split"] == split:
            runs.setdefault((str(row["model"]), row["seed"]), []).append(row)
    runs = in_one_order(runs)
    known: dict[tuple[str, Any], Outcomes] = {}
    for (model, seed), own in runs.items():
        try:
            found = outcomes_of(own)
        except PipelineError as error:
            raise PipelineError(f"predictions: {model}, seed {seed}: {error}") from None
        if found is not None:
            known[model, seed] = found
    if scores is None:
        scores = [{"model": model, "seed": seed} for model, seed in runs]
    first = next(iter(runs.values()), [])
    return with_intervals(scores, known, [group_of(row) for row in first], resamples)


def in_one_order(
    runs: Mapping[tuple[str, Any], list[Mapping[str, Any]]],
) -> dict[tuple[str, Any], list[Mapping[str, Any]]]:
    """Bring the networks of all runs into the order of the first; `PipelineError` for others."""
    ordered: dict[tuple[str, Any], list[Mapping[str, Any]]] = {}
    wanted: list[str] | None = None
    for (model, seed), own in runs.items():
        place = f"predictions: {model}, seed {seed}"
        by_name = {str(row["network"]): row for row in own}
        if len(by_name) < len(own):
            raise PipelineError(f"{place}: a network occurs twice; each has one row for each run")
        wanted = list(by_name) if wanted is None else wanted
        if by_name.keys() != set(wanted):
            raise PipelineError(
                f"{place}: {len(by_name)} networks, which are not the {len(wanted)} of the first "
                "run; a table is of models that were measured on the same networks"
            )
        ordered[model, seed] = [by_name[name] for name in wanted]
    return ordered


def group_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Say what a row's network is drawn with: itself, or the group that it is of."""
    group = row.get(GROUP)
    return ("network", str(row["network"])) if group in (None, "") else (GROUP, str(group))


def _rows(
    predictions: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
) -> Iterable[Mapping[str, Any]]:
    given, place = predictions, "predictions"
    if isinstance(given, (str, os.PathLike)):
        place = str(given)
        try:
            with Path(given).open(newline="", encoding="utf-8") as file:
                given = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PipelineError(f"{place}: cannot be read as CSV: {error}") from error
    for number, row in enumerate(given, _FIRST):
        missing = [name for name in COLUMNS if row.get(name) is None]
        if missing:
            raise PipelineError(
                f"{place}:{number}: no value for {', '.join(missing)}; every row has "
                f"{', '.join(COLUMNS)}"
            )
        try:
            yield {**row, "model": str(row["model"]), "seed": int(row["seed"])}
        except ValueError:
            raise PipelineError(
                f"{place}:{number}: the seed is {row['seed']!r}, expected a whole number"
            ) from None
