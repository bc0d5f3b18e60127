"""Views in batches: those that a graph set holds, and others, computed once for each network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import Batch
from metanet.batch import Part
from metanet.models.view_inputs import KeptView, ViewInputs

MOST = 2**27
"""How many numbers of each view are kept that a graph set does not hold."""


class Computed:
    """The numbers of one view for networks of a graph set, each computed once."""

    def __init__(self) -> None:
        self.rows: dict[int, Tensor] = {}
        self.kept = 0

    def fill(self, kept: KeptView, part: Part, networks: Sequence[int]) -> Tensor:
        """Give the numbers of a part's networks, (networks, ...)."""
        missing = [place for place, network in enumerate(networks) if network not in self.rows]
        if not missing:
            return torch.stack([self.rows[network] for network in networks]).to(part.values)
        view = kept.view()
        if self.kept > MOST:
            return view.compute(part)
        own = replace(
            part, values=part.values[missing], positions=tuple(range(len(missing))), views={}
        )
        for place, row in zip(missing, view.compute(own).detach().cpu(), strict=True):
            self.rows[networks[place]] = row
            self.kept += row.numel()
        return self.fill(kept, part, networks)


_COMPUTED: WeakKeyDictionary[GraphSet, dict[str, Computed]] = WeakKeyDictionary()


def with_views(
    batch: Batch, graph_set: GraphSet, chosen: Sequence[int], module: nn.Module
) -> Batch:
    """Let a batch of networks of a graph set bring the views that a module reads."""
    views = views_of(module)
    if not views:
        return batch
    computed = _COMPUTED.setdefault(graph_set, {})
    parts = []
    for part in batch.parts:
        networks = [chosen[position] for position in part.positions]
        found = dict(part.views)
        for kept in views:
            found[kept.name] = computed.setdefault(kept.key, Computed()).fill(kept, part, networks)
        parts.append(replace(part, views=found))
    return Batch(tuple(parts))


def views_of(module: nn.Module) -> list[KeptView]:
    """Give the views that a module reads."""
    return [
        view
        for inputs in module.modules()
        if isinstance(inputs, ViewInputs)
        for view in inputs.all()
    ]
