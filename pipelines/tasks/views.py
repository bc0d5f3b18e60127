"""Views in batches: those that a graph set keeps, and others, computed once for each network."""

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
from pipelines.views import fresh

MOST = 2**27
"""How many numbers of a view are held."""


class Held:
    """The numbers of one view of networks of a graph set, read or computed once."""

    def __init__(self, graph_set: GraphSet, kept: KeptView) -> None:
        name = fresh(graph_set, kept.name, state=kept.state())
        self.stored = None if name is None else graph_set.view(name)
        self.rows: dict[int, Tensor] = {}
        self.size = 0

    def of(self, kept: KeptView, part: Part, networks: Sequence[int]) -> Tensor:
        """Give the numbers of a part's networks, (networks, ...)."""
        missing = [place for place, one in enumerate(networks) if one not in self.rows]
        if missing:
            found = self.found(kept, part, networks, missing)
            if self.size > MOST:
                self.rows.clear()
                self.size = 0
                return self.found(kept, part, networks, list(range(len(networks))))
            for place, row in zip(missing, found.cpu(), strict=True):
                self.rows[networks[place]] = row
            self.size += found.numel()
        return torch.stack([self.rows[one] for one in networks]).to(part.values)

    def found(
        self, kept: KeptView, part: Part, networks: Sequence[int], places: list[int]
    ) -> Tensor:
        """Read or compute the numbers of some networks of a part."""
        if self.stored is not None:
            return torch.from_numpy(self.stored.values([networks[place] for place in places]))
        own = replace(part, values=part.values[places], positions=tuple(range(len(places))))
        return kept.view().compute(own).detach()


_HELD: WeakKeyDictionary[GraphSet, dict[str, Held]] = WeakKeyDictionary()


def with_views(
    batch: Batch, graph_set: GraphSet, chosen: Sequence[int], module: nn.Module
) -> Batch:
    """Let a batch of networks of a graph set bring the views that a module reads."""
    views = [(kept, kept.key) for kept in views_of(module)]
    if not views:
        return batch
    held = _HELD.setdefault(graph_set, {})
    parts = []
    for part in batch.parts:
        networks = [int(chosen[position]) for position in part.positions]
        found = dict(part.views)
        for kept, key in views:
            if key not in held:
                held[key] = Held(graph_set, kept)
            found[kept.name] = held[key].of(kept, part, networks)
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
