"""Batches: several networks, of one architecture or of many, ready for any metanet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import Graph, GraphSet, Template
from metanet.arguments import are_tensors, checked_indices, checked_target, checked_views
from metanet.errors import MetanetError
from metanet.floats import as_floats, check_one_dtype, stacked, with_floats
from metanet.options import shown
from metanet.part import Part, float_offsets, kind_of
from metanet.stacks import Stacks, values_of_stacks

__all__ = ["Batch", "Part", "batch_of", "float_offsets", "kind_of"]


@dataclass(frozen=True)
class Batch:
    """Networks as input of a metanet: one part for each architecture.

    batch = metanet.Batch.from_graphs([graph, other])
    batch = metanet.Batch.from_set(graph_set, [0, 5, 7])
    batch = metanet.Batch.from_stacked(template, stacks)    # name -> (3, *shape)
    prediction = model(batch)                    # (3, outputs), in the order given
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.parts, tuple) or not all(isinstance(p, Part) for p in self.parts):
            raise MetanetError(
                f"`parts` is {shown(self.parts)}, expected a tuple of Part; Batch.from_graphs "
                "makes a batch of graphs"
            )
        if not self.parts:
            raise MetanetError("a batch needs at least one network, got none")

    def __repr__(self) -> str:
        return f"<Batch: networks {self.num_networks}, architectures {len(self.parts)}>"

    @property
    def num_networks(self) -> int:
        """The number of networks."""
        return sum(len(part.positions) for part in self.parts)

    @cached_property
    def order(self) -> Tensor:
        """For each network of the batch, its place when part follows part; int64 (networks,)."""
        places = [position for part in self.parts for position in part.positions]
        if sorted(places) != list(range(len(places))):
            raise MetanetError(
                f"the parts of a batch have the positions {shown(places)}, expected each of 0 to "
                f"{len(places) - 1} once"
            )
        # It is kept, also where a first prediction does not train.
        with torch.inference_mode(False):
            order = torch.from_numpy(np.argsort(np.array(places, dtype=np.int64)))
            return order.to(self.parts[0].values.device)

    @classmethod
    def from_graphs(cls, graphs: Graph | Sequence[Graph] | GraphSet) -> Batch:
        """Collect graphs, or take one, or those of a graph set; of one architecture, stacked.

        Floats of 16 bits become float32, and may stand beside it; float64 stands alone. Raises
        `MetanetError` for what are no graphs, for none, and for such dtypes together.
        """
        if isinstance(graphs, Graph):
            graphs = [graphs]
        if isinstance(graphs, GraphSet):
            return cls.from_set(graphs, range(len(graphs)))
        if not isinstance(graphs, Sequence) or isinstance(graphs, (str, bytes)):
            raise MetanetError(f"`graphs` is {shown(graphs)}, expected a graph or a list of graphs")
        for place, graph in enumerate(graphs):
            if not isinstance(graph, Graph):
                raise MetanetError(
                    f"`graphs`: number {place} is {shown(graph)}, expected a graph, as "
                    "graphgen.compile(net, weights) gives"
                )

        def values(template: Template, places: Sequence[int]) -> NDArray[Any]:
            return stacked([graphs[place] for place in places], float_offsets(template))

        return cls._collect([graph.template for graph in graphs], values)

    @classmethod
    def from_stacked(cls, template: Template, stacks: Stacks) -> Batch:
        """Collect networks of one architecture whose tensors are stacked, with no object of each.

            batch = Batch.from_stacked(template, stacks)    # name -> (networks, *shape)

        Each stack, a tensor or an array, has a first axis of networks; gradients pass. Integers
        may be left out. Floats of 16 bits become float32. Raises `MetanetError` that lists all
        that do not fit.
        """
        if not isinstance(template, Template):
            raise MetanetError(
                f"`template` is {shown(template)}, expected a Template, as graphgen.template(net) "
                "gives"
            )
        values = values_of_stacks(template, stacks)
        if not len(values):
            raise MetanetError("a batch needs at least one network, got none")
        return cls((Part(template, values, tuple(range(len(values)))),))

    @classmethod
    def from_set(
        cls,
        graph_set: GraphSet,
        indices: Sequence[int],
        views: Sequence[str] | Mapping[str, str] = (),
    ) -> Batch:
        """Collect networks of a graph set, with no object per network.

            Batch.from_set(graph_set, [0, 5], views=["spectra"]).parts[0].views["spectra"]

        `views` are some that the set keeps; where they are to have other names in the batch, a
        mapping of these to those of the set, as `{"exam": "exam-150"}`. Raises `MetanetError` for
        what is no graph set, and for indices that it does not have, and `GraphError` for views.
        """
        if not isinstance(graph_set, GraphSet):
            raise MetanetError(
                f"`graph_set` is {shown(graph_set)}, expected a GraphSet, as "
                "graphgen.GraphSet.open(folder) gives"
            )
        chosen = checked_indices(indices, len(graph_set))

        def values(template: Template, places: Sequence[int]) -> NDArray[Any]:
            return as_floats(graph_set.values([chosen[place] for place in places]))

        batch = cls._collect([graph_set.template(i) for i in chosen], values)
        stored = checked_views(views)
        return batch.with_stored(graph_set, chosen, stored) if stored else batch

    def with_stored(
        self, graph_set: GraphSet, indices: Sequence[int], views: Mapping[str, str]
    ) -> Batch:
        """Add views that the graph set of the batch keeps, by their names here and there."""
        kept = {name: graph_set.view(stored) for name, stored in views.items()}
        parts = []
        for part in self.parts:
            own = [indices[position] for position in part.positions]
            found = {
                name: torch.from_numpy(view.values(own)).to(part.values)
                for name, view in kept.items()
            }
            parts.append(replace(part, views={**part.views, **found}))
        return Batch(tuple(parts))

    @classmethod
    def _collect(
        cls,
        templates: Sequence[Template],
        values: Callable[[Template, Sequence[int]], NDArray[Any]],
    ) -> Batch:
        """Make a part for each architecture, of the values of its places."""
        by_architecture: dict[tuple[str, str], tuple[Template, list[int]]] = {}
        for place, template in enumerate(templates):
            by_architecture.setdefault(kind_of(template), (template, []))[1].append(place)
        if not by_architecture:
            raise MetanetError("a batch needs at least one network, got none")
        rows = [values(template, places) for template, places in by_architecture.values()]
        dtype = check_one_dtype(rows)
        parts = (
            Part(template, torch.from_numpy(row.astype(dtype, copy=False)), tuple(places))
            for (template, places), row in zip(by_architecture.values(), rows, strict=True)
        )
        return cls(tuple(parts))

    def to(self, target: torch.device | torch.dtype | str) -> Batch:
        """Move or convert the values, and what stands beside them.

        Raises `MetanetError` for what is neither a device nor a floating-point dtype.
        """
        target = checked_target(target)

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(target)

        parts = (
            replace(
                part,
                values=part.values.to(target),
                nodes=moved(part.nodes),
                extra=moved(part.extra),
                conditions=moved(part.conditions),
                views={name: found.to(target) for name, found in part.views.items()},
            )
            for part in self.parts
        )
        return Batch(tuple(parts))

    def with_nodes(self, features: Sequence[Tensor]) -> Batch:
        """Add features of the nodes: for each network, in order, (num_nodes, features)."""
        if not are_tensors(features) or len(features) != self.num_networks:
            got = len(features) if are_tensors(features) else shown(features)
            raise MetanetError(f"expected node features of {self.num_networks} networks, got {got}")
        widths = {row.shape[1:] for row in features}
        parts = []
        for part in self.parts:
            rows = [features[position] for position in part.positions]
            wrong = [
                row.shape
                for row in rows
                if row.ndim != 2 or row.shape[0] != part.template.num_nodes or len(widths) > 1
            ]
            if wrong:
                raise MetanetError(
                    f"a network has {part.template.num_nodes} nodes, got features {list(wrong[0])}"
                    f"; expected [{part.template.num_nodes}, n] with one n for all networks"
                )
            parts.append(replace(part, nodes=torch.stack(rows).to(part.values)))
        return Batch(tuple(parts))

    def with_channels(self, *channels: Sequence[Tensor]) -> Batch:
        """Add numbers beside each parameter, such as gradients and momenta.

            gradients = torch.autograd.grad(loss, [part.values for part in batch.parts])
            edited = editor(batch.with_channels(gradients, momenta))

        Each channel has a tensor (networks, P) for each part, in the order of `parts`.
        """
        expected = [tuple(part.values.shape) for part in self.parts]
        for channel in channels:
            got = [tuple(t.shape) for t in channel] if are_tensors(channel) else shown(channel)
            if got != expected:
                raise MetanetError(
                    f"expected a tensor for each part of the batch, of shapes {expected}, got {got}"
                )
        parts = (
            replace(part, extra=torch.stack(beside, dim=2).to(part.values) if beside else None)
            for part, *beside in zip(self.parts, *channels, strict=True)
        )
        return Batch(tuple(parts))

    def with_conditions(self, numbers: Tensor) -> Batch:
        """Add numbers of each network, such as a time: (networks, n), in the order of the batch."""
        fits = isinstance(numbers, Tensor) and numbers.ndim == 2
        if not fits or len(numbers) != self.num_networks:
            got = list(numbers.shape) if isinstance(numbers, Tensor) else shown(numbers)
            raise MetanetError(
                f"expected conditions of shape ({self.num_networks}, n), a row for each network of "
                f"the batch, got {got}"
            )
        parts = (
            replace(part, conditions=numbers[list(part.positions)].to(part.values))
            for part in self.parts
        )
        return Batch(tuple(parts))

    def graphs(self, originals: Graph | Sequence[Graph]) -> list[Graph]:
        """Put the values back into the graphs they came from, each tensor in its own dtype.

        Tensors of integers stay. Raises `MetanetError` for other graphs than those of the batch,
        and for a value that is finite here and too large for the dtype.
        """
        given = [originals] if isinstance(originals, Graph) else originals
        if not isinstance(given, Sequence) or len(given) != self.num_networks:
            got = f"{len(given)} graphs" if isinstance(given, Sequence) else shown(given)
            raise MetanetError(f"expected the {self.num_networks} graphs of the batch, got {got}")
        result = list(given)
        for part in self.parts:
            template = part.template
            rows = part.values.detach().cpu()
            rows = rows.float() if rows.dtype.itemsize < 4 else rows
            for position, row in zip(part.positions, rows.numpy(), strict=True):
                graph = given[position]
                if not isinstance(graph, Graph) or kind_of(graph.template) != kind_of(
                    part.template
                ):
                    raise MetanetError(
                        f"number {position} of the graphs is {shown(graph)}, expected that of the "
                        f"batch, of the architecture {template.architecture[:12]}"
                    )
                result[position] = with_floats(graph, template, row, float_offsets(template))
        return result


def batch_of(given: Batch | Graph | Sequence[Graph], what: str) -> Batch:
    """Give a batch, or make one of graphs; `MetanetError` that says `what` it is for the rest."""
    if isinstance(given, Batch):
        return given
    if isinstance(given, (Graph, list, tuple)):
        return Batch.from_graphs(given)
    raise MetanetError(f"{what} is {shown(given)}, expected a Batch, a graph, or a list of graphs")
