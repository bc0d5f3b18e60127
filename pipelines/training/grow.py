"""Fitting StatNN: boosted trees on statistics, their size chosen on validation networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch, StatNN, network_statistics
from pipelines.metrics import scores
from pipelines.training.predictor import Predictor
from pipelines.training.targets import Targets


def grow(
    settings: Mapping[str, Any],
    search: Mapping[str, Sequence[Any]],
    graph_set: GraphSet,
    targets: Targets,
    seed: int,
) -> tuple[Predictor, list[dict[str, Any]]]:
    """Fit StatNN with every combination of `search`; keep the best R2 on validation networks.

    Gives the predictor and one row for each combination tried.
    """
    train, validation = targets.indices["train"], targets.indices["validation"]
    table = statistics(graph_set, train)
    wanted = torch.from_numpy(targets.standardised(train)).float()
    held_out = statistics(graph_set, validation)
    best: tuple[float, StatNN] | None = None
    tried = []
    for values in product(*search.values()):
        choice = dict(zip(search, values, strict=True))
        model = StatNN(**{**settings, **choice}, seed=seed)
        model.fit(table, wanted)
        predicted = model.predict(held_out).double().numpy() * targets.deviation + targets.mean
        measured = scores(targets.values[validation], predicted)
        tried.append({**choice, **measured})
        if best is None or measured["r2"] > best[0]:
            best = measured["r2"], model
    if best is None:
        raise ValueError("a search has at least one combination, of nothing if it is empty")
    predictor = Predictor("statnn", best[1], targets.name, targets.mean, targets.deviation)
    return predictor, tried


def statistics(graph_set: GraphSet, indices: Sequence[int], batch_size: int = 64) -> Tensor:
    """Compute the statistics of networks of a graph set."""
    return torch.cat(
        [
            network_statistics(Batch.from_set(graph_set, indices[i : i + batch_size]))
            for i in range(0, len(indices), batch_size)
        ]
    )
