"""Fitting StatNN: boosted trees on statistics, their size chosen on validation networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch, StatNN, network_statistics
from pipelines.metrics import leading_value
from pipelines.tasks.registry import Prediction
from pipelines.training.trained import Trained


def grow(
    settings: Mapping[str, Any],
    search: Mapping[str, Sequence[Any]],
    task: Prediction,
    seed: int,
) -> tuple[Trained, list[dict[str, Any]]]:
    """Fit StatNN with every combination of `search`; keep the best on validation networks.

    Gives what was fitted and one row for each combination tried.
    """
    train, validation = task.indices["train"], task.indices["validation"]
    table = statistics(task.graph_set, train)
    wanted = task.wanted(train)
    held_out = statistics(task.graph_set, validation)
    best: tuple[float, StatNN] | None = None
    tried = []
    for values in product(*search.values()):
        choice = dict(zip(search, values, strict=True))
        model = StatNN(**{**settings, **choice, **task.tree_settings()}, seed=seed)
        model.fit(table, wanted)
        measured = task.score(model.outputs(held_out), task.state(model), validation).scores
        tried.append({**choice, **measured})
        if best is None or leading_value(measured) > best[0]:
            best = leading_value(measured), model
    if best is None:
        raise ValueError("a search has at least one combination, of nothing if it is empty")
    return Trained("statnn", best[1], task.settings, task.state(best[1])), tried


def statistics(graph_set: GraphSet, indices: Sequence[int], batch_size: int = 64) -> Tensor:
    """Compute the statistics of networks of a graph set."""
    return torch.cat(
        [
            network_statistics(Batch.from_set(graph_set, indices[i : i + batch_size]))
            for i in range(0, len(indices), batch_size)
        ]
    )
