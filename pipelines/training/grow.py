"""Fitting StatNN: boosted trees on views, their size chosen on validation networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from graphgen import GraphSet
from metanet import StatNN
from pipelines.metrics import leading_value
from pipelines.tasks.registry import Prediction
from pipelines.training.observing import batches, observe
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
    wanted = task.wanted(train)
    best: tuple[float, StatNN] | None = None
    tried = []
    for values in product(*search.values()):
        choice = dict(zip(search, values, strict=True))
        model = StatNN(**{**settings, **choice, **task.tree_settings()}, seed=seed)
        observe(model, task)
        model.fit(table_of(model, task.graph_set, train), wanted)
        outputs = model.outputs(table_of(model, task.graph_set, validation))
        measured = task.score(outputs, task.state(model), validation).scores
        tried.append({**choice, **measured})
        if best is None or leading_value(measured) > best[0]:
            best = leading_value(measured), model
    if best is None:
        raise ValueError("a search has at least one combination, of nothing if it is empty")
    return Trained("statnn", best[1], task.settings, task.state(best[1])), tried


def table_of(model: StatNN, graph_set: GraphSet, indices: Sequence[int]) -> Tensor:
    """Give what trees read of networks of a graph set, (networks, columns)."""
    return torch.cat([model.inputs.numbers(one) for one in batches(graph_set, indices, model)])
