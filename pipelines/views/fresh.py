"""Which stored views are just what a model would compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from graphgen import GraphSet
from graphgen.errors import GraphError
from graphgen.stored_view import StoredView
from pipelines.views.identity import code_of_view


def fresh(
    graph_set: GraphSet,
    family: str,
    options: Mapping[str, Any] | None = None,
    state: Mapping[str, Tensor] | None = None,
) -> str | None:
    """Find the view of a graph set that is what this code would compute; None if it has none.

        fresh(graph_set, "spectra")                      # "spectra"
        fresh(graph_set, "exam", state=exam.state())     # "exam-8"

    A view without a state has to have the same options, one with a state just that.
    """
    for name in graph_set.views:
        try:
            stored = graph_set.view(name)
            if stored.family == family and is_same(stored, options or {}, state or {}):
                return name
        except GraphError:  # of another graph set, or damaged
            continue
    return None


def is_same(stored: StoredView, options: Mapping[str, Any], state: Mapping[str, Tensor]) -> bool:
    """Say whether a stored view has such options, or such a state, and is by the code here."""
    if stored.code != code_of_view(stored.family):
        return False
    kept = stored.state()
    if not state and not kept:
        return stored.options == dict(options)
    return kept.keys() == state.keys() and all(
        np.array_equal(tensor.detach().cpu().numpy(), kept[key]) for key, tensor in state.items()
    )
