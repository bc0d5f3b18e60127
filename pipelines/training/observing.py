"""What a model looks at before training: views that were made for it, and training networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from graphgen import GraphSet
from metanet import Batch, Metanet
from pipelines.tasks.task import EVALUATED_AT_ONCE, Task, batch_of


def observe(model: nn.Module, task: Task) -> None:
    """Let a metanet see the training networks of its task."""
    if isinstance(model, Metanet) and type(model).observe is not Metanet.observe:
        model.observe(batches(task.graph_set, task.indices["train"], model))


def batches(graph_set: GraphSet, chosen: Sequence[int], model: nn.Module) -> Iterator[Batch]:
    """Give networks of a graph set, some at a time, with the views that a model reads."""
    for start in range(0, len(chosen), EVALUATED_AT_ONCE):
        yield batch_of(graph_set, chosen[start : start + EVALUATED_AT_ONCE], model)
