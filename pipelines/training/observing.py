"""What a model is shown before training: views that were made for it, and training networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from graphgen import GraphSet
from metanet import Batch, Metanet
from pipelines.tasks.task import EVALUATED_AT_ONCE, Task, batch_of
from pipelines.tasks.views import views_of
from pipelines.views import view_for_training


def observe(model: nn.Module, task: Task) -> None:
    """Give a model views that were made from its training networks, and let it see all of these."""
    train = task.indices["train"]
    for kept in views_of(model):
        if kept.made:
            view: Any = view_for_training(task.graph_set, kept.name, task.networks, train)
            kept.keep(view.state())
    if isinstance(model, Metanet) and type(model).observe is not Metanet.observe:
        model.observe(batches(task.graph_set, train, model))


def batches(graph_set: GraphSet, chosen: Sequence[int], model: nn.Module) -> Iterator[Batch]:
    """Give networks of a graph set, some at a time, with the views that a model reads."""
    for start in range(0, len(chosen), EVALUATED_AT_ONCE):
        yield batch_of(graph_set, chosen[start : start + EVALUATED_AT_ONCE], model)
