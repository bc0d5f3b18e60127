"""What the views of a model cost, whether they were computed for it or kept in the graph set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from graphgen import GraphSet
from graphgen.errors import GraphError
from metanet import Batch
from metanet.models.view_inputs import KeptView
from pipelines.tasks.task import place_of
from pipelines.tasks.views import views_of
from pipelines.views.fresh import fresh
from pipelines.views.making import making as making_of
from pipelines.views.settings import Asked

SAMPLE = 64


def spent_on_views(
    model: nn.Module, graph_set: GraphSet, chosen: Sequence[int]
) -> dict[str, float]:
    """Give the processor seconds of a model's views, nothing for a model without any.

        spent_on_views(model, graph_set, task.indices["test"])["views"]

    `views` are those of one network, measured anew on some of the networks, so that it does not
    matter which were computed before. `making` is what it took to make those that are made from
    training networks, as the graph set has it.
    """
    kept = {view.key: view for view in views_of(model)}
    if not kept:
        return {}
    places = np.linspace(0, len(chosen) - 1, min(len(chosen), SAMPLE)).astype(int)
    some = [chosen[place] for place in places]
    batch = Batch.from_set(graph_set, some).to(place_of(model))
    begun = time.process_time()
    with torch.no_grad():
        for own in kept.values():
            view = own.view()
            for part in batch.parts:
                view.compute(part)
    found = {"views": (time.process_time() - begun) / len(some)}
    # Views that share what was made have it in common.
    making = dict(one for own in kept.values() if (one := made_in(own, graph_set)) is not None)
    return {**found, "making": sum(making.values())} if making else found


def made_in(kept: KeptView, graph_set: GraphSet) -> tuple[Any, float] | None:
    """Say what a view was made of, and in how many processor seconds.

    None where it is not made, or unknown.
    """
    state = kept.state()
    if not state:
        return None
    name = fresh(graph_set, kept.name, state=state)
    try:
        stored = None if name is None else graph_set.view(name)
    except GraphError:
        return None
    if stored is None:
        return None
    asked = Asked(stored.family, stored.options, stored.target)
    return (making_of(asked), tuple(stored.made_of)), stored.seconds["make"]
