"""Auxiliary targets: what a metanet learns to predict beside its target, while it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.tasks.targets import SECTIONS, look_up

SCHEMA: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": rf"^({'|'.join(SECTIONS)})\."},
    "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
}


@dataclass(frozen=True)
class Auxiliary:
    """Columns of numbers, each with its weight in the loss.

    `values` (networks, columns) has mean 0 and deviation 1 over the training networks, and NaN
    where a network has no such number; `weights` (columns,).
    """

    values: NDArray[np.float32]
    weights: NDArray[np.float32]

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.weights)

    def loss(self, outputs: Tensor, chosen: Sequence[int]) -> Tensor | float:
        """Give the mean squared errors of some networks by their weights; 0 without columns.

        `outputs` is (networks, columns). An unknown number counts nothing.
        """
        if not self.columns:
            return 0.0
        wanted = torch.from_numpy(self.values[list(chosen)]).to(outputs.device)
        errors = torch.where(wanted.isnan(), 0, (outputs - wanted.nan_to_num()).square())
        return errors.mean(0) @ torch.from_numpy(self.weights).to(outputs.device)


def read_auxiliary(
    graph_set: GraphSet, weights: Mapping[str, float], train: Sequence[int]
) -> Auxiliary:
    """Read auxiliary targets from a graph set's records.

        read_auxiliary(graphs, {"metrics.train_loss": 0.3, "training.optimizer": 0.1}, train)

    Numbers enter by their normal scores among the training networks, so that their scale does not
    matter; words by a column for each, which share the weight. Raises `PipelineError` for a name
    that no training network has.
    """
    columns: list[NDArray[np.float32]] = []
    shares: list[float] = []
    for name, weight in weights.items():
        values = [look_up(record, name) for record in graph_set.records]
        if all(values[i] is None for i in train):
            raise PipelineError(
                f"{graph_set.folder}: no training network has {name!r}; auxiliary targets are "
                f"named by section and field, as `training.learning_rate`, of {', '.join(SECTIONS)}"
            )
        own = columns_of(values, train)
        columns += own
        shares += [weight / len(own)] * len(own)
    table = np.stack(columns, axis=1) if columns else np.empty((len(graph_set), 0), np.float32)
    return Auxiliary(table, np.array(shares, dtype=np.float32))


def columns_of(values: list[Any], train: Sequence[int]) -> list[NDArray[np.float32]]:
    """Turn what was found into columns: normal scores of numbers, or indicators of words."""
    if all(isinstance(value, int | float) or value is None for value in values):
        return [normal_scores(np.array(values, dtype=np.float64), train)]
    words = [None if value is None else repr(value) for value in values]
    kinds = {word for i in train if (word := words[i]) is not None}
    return [
        standardised(np.array([np.nan if w is None else w == kind for w in words], float), train)
        for kind in sorted(kinds)
    ]


def normal_scores(values: NDArray[np.float64], train: Sequence[int]) -> NDArray[np.float32]:
    """Replace numbers by the quantiles of a normal distribution at their rank; NaN stays."""
    from scipy.special import ndtri

    known = np.sort(values[list(train)])
    known = known[~np.isnan(known)]
    below = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
    share = (below / 2 + 0.5) / (len(known) + 1)
    return standardised(np.where(np.isnan(values), np.nan, ndtri(share)), train)


def standardised(values: NDArray[np.float64], train: Sequence[int]) -> NDArray[np.float32]:
    """Shift and scale to mean 0 and deviation 1 over the training networks."""
    known = values[list(train)]
    deviation = float(np.nanstd(known)) or 1.0
    return ((values - float(np.nanmean(known))) / deviation).astype(np.float32)
