"""Targets: the number that is predicted for each network, and the networks of each split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet
from pipelines.errors import PipelineError


@dataclass(frozen=True)
class Targets:
    """One metric of every network of a graph set, standardised by its training networks."""

    name: str
    values: NDArray[np.float64]
    indices: dict[str, list[int]]
    mean: float
    deviation: float

    def standardised(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """Give targets with mean 0 and deviation 1 over the training networks."""
        result: NDArray[np.float64] = (self.values[list(chosen)] - self.mean) / self.deviation
        return result


def read_targets(graph_set: GraphSet, name: str, networks: int | None = None) -> Targets:
    """Read a metric from a graph set's records; `PipelineError` if a network lacks it.

    With `networks`, only so many training networks are used; more include those of fewer.
    """
    indices: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    values = np.empty(len(graph_set))
    for i, record in enumerate(graph_set.records):
        metrics = record.get("metrics", {})
        if metrics.get(name) is None:
            known = ", ".join(metrics) or "none"
            raise PipelineError(
                f"{graph_set.folder}: network {i} has no metric {name!r}; it has: {known}"
            )
        values[i] = metrics[name]
        indices.setdefault(record["split"], []).append(i)
    if networks is not None:
        indices["train"] = first_networks(graph_set, indices["train"], networks)
    for split in ("train", "validation"):
        if len(indices[split]) < 2:
            raise PipelineError(
                f"{graph_set.folder}: {len(indices[split])} networks to use for {split}, "
                "at least 2 are needed"
            )
    train = values[indices["train"]]
    deviation = float(train.std())
    if deviation == 0:
        raise PipelineError(f"{graph_set.folder}: all training networks have the same {name}")
    return Targets(name, values, indices, float(train.mean()), deviation)


def first_networks(graph_set: GraphSet, train: list[int], networks: int) -> list[int]:
    """Give the first of the training networks in an order drawn once for all."""
    if networks > len(train):
        raise PipelineError(
            f"{graph_set.folder}: {networks} training networks are asked for, there are "
            f"{len(train)}"
        )
    order = np.random.default_rng(0).permutation(len(train))
    return sorted(train[i] for i in order[:networks])
