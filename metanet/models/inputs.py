"""What a model is given: graphs become a batch, and a batch must fit the model's numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from graphgen import Graph
from metanet.batch import Batch, batch_of
from metanet.errors import MetanetError
from metanet.uncompiled import uncompiled


@uncompiled
def batch_for(model: nn.Module, given: Batch | Graph | Sequence[Graph]) -> Batch:
    """Give what a model was called with as a batch that it can read.

    Graphs are moved to the model's device. Raises `MetanetError` for anything else, and for
    another dtype or device than the model's.
    """
    name = type(model).__name__
    batch = batch_of(given, f"what {name} was called with")
    for part in batch.parts:
        if not part.template.blocks:
            raise MetanetError(
                f"a network of the batch ({part.template.architecture[:12]}) has no edges, so "
                f"there is nothing for {name} to read"
            )
    first = next((p for p in model.parameters() if p.is_floating_point()), None)
    if first is None:
        return batch
    if batch is not given:
        batch = batch.to(first.device)
    values = batch.parts[0].values
    if values.device != first.device:
        raise MetanetError(
            f"the batch is on {values.device} and this {name} on {first.device}: move one of them, "
            f"as by batch.to({str(first.device)!r})"
        )
    if values.dtype != first.dtype and not torch.is_autocast_enabled(first.device.type):
        double = "model.double(), or " if values.dtype == torch.float64 else ""
        raise MetanetError(
            f"the batch has {values.dtype} and this {name} {first.dtype}: call {double}"
            f"batch.to({first.dtype}), where a batch is Batch.from_graphs(graphs)"
        )
    return batch
