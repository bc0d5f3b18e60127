"""Batches: several networks, of one architecture or of many, ready for any metanet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphgen import Graph, GraphSet, Template
from graphgen.files import pack
from metanet.errors import MetanetError


@dataclass(frozen=True)
class Part:
    """The networks of one architecture in a batch.

    `values` holds their floating-point tensors, flattened one after the other in the template's
    order, shape (networks, P); `positions` says where in the batch each network stands. `nodes`
    may hold features of the nodes, (networks, num_nodes, features), `extra` further numbers of each
    parameter, (networks, P, channels - 1), and `conditions` numbers of each network, (networks, n).
    """

    template: Template
    values: Tensor
    positions: tuple[int, ...]
    nodes: Tensor | None = None
    extra: Tensor | None = None
    conditions: Tensor | None = None

    def tensor(self, name: str) -> Tensor:
        """Give one tensor of all networks, flattened: shape (networks, size), a view."""
        start, size = float_offsets(self.template)[name]
        return self.values[:, start : start + size]


@dataclass(frozen=True)
class Batch:
    """Networks as input of a metanet: one part for each architecture.

    batch = metanet.Batch.from_graphs([graph, other])
    batch = metanet.Batch.from_set(graph_set, [0, 5, 7])
    prediction = model(batch)                    # (3, outputs), in the order given
    """

    parts: tuple[Part, ...]

    @property
    def num_networks(self) -> int:
        """The number of networks."""
        return sum(len(part.positions) for part in self.parts)

    @cached_property
    def order(self) -> Tensor:
        """For each network of the batch, its place when part follows part; int64 (networks,)."""
        places = [position for part in self.parts for position in part.positions]
        return torch.from_numpy(np.argsort(np.array(places, dtype=np.int64)))

    @classmethod
    def from_graphs(cls, graphs: Sequence[Graph]) -> Batch:
        """Collect graphs; those of one architecture are stacked."""
        rows = [(graph.template, float_values(graph)) for graph in graphs]
        dtypes = {str(values.dtype) for _, values in rows if values.size}
        if len(dtypes) > 1:
            raise MetanetError(
                "the networks of a batch need one floating-point dtype, got "
                + ", ".join(sorted(dtypes))
            )
        return cls._collect(
            (template, i, lambda chosen, rows=rows: np.stack([rows[j][1] for j in chosen]))
            for i, (template, _) in enumerate(rows)
        )

    @classmethod
    def from_set(cls, graph_set: GraphSet, indices: Sequence[int]) -> Batch:
        """Collect networks of a graph set, with no object per network."""
        return cls._collect(
            (
                graph_set.template(i),
                position,
                lambda chosen: graph_set.values([indices[j] for j in chosen]),
            )
            for position, i in enumerate(indices)
        )

    @classmethod
    def _collect(cls, items: Iterable[tuple[Template, int, Any]]) -> Batch:
        by_architecture: dict[tuple[str, str], tuple[Template, list[int], Any]] = {}
        for template, position, values in items:
            entry = by_architecture.setdefault(
                (template.architecture, template.kind), (template, [], values)
            )
            entry[1].append(position)
        if not by_architecture:
            raise MetanetError("a batch needs at least one network, got none")
        return cls(
            tuple(
                Part(template, as_tensor(values(positions)), tuple(positions))
                for template, positions, values in by_architecture.values()
            )
        )

    def to(self, target: torch.device | torch.dtype | str) -> Batch:
        """Move or convert the values, and what stands beside them."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(target)

        parts = (
            replace(
                part,
                values=part.values.to(target),
                nodes=moved(part.nodes),
                extra=moved(part.extra),
                conditions=moved(part.conditions),
            )
            for part in self.parts
        )
        return Batch(tuple(parts))

    def with_nodes(self, features: Sequence[Tensor]) -> Batch:
        """Add features of the nodes: for each network, in order, (num_nodes, features)."""
        if len(features) != self.num_networks:
            raise MetanetError(
                f"expected node features of {self.num_networks} networks, got {len(features)}"
            )
        parts = []
        for part in self.parts:
            rows = [features[position] for position in part.positions]
            wrong = [row.shape for row in rows if row.shape[0] != part.template.num_nodes]
            if wrong:
                raise MetanetError(
                    f"a network has {part.template.num_nodes} nodes, got features {list(wrong[0])}"
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
            if (got := [tuple(tensor.shape) for tensor in channel]) != expected:
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
        if numbers.ndim != 2 or len(numbers) != self.num_networks:
            raise MetanetError(
                f"expected conditions of shape ({self.num_networks}, n), a row for each network of "
                f"the batch, got {list(numbers.shape)}"
            )
        parts = (
            replace(part, conditions=numbers[list(part.positions)].to(part.values))
            for part in self.parts
        )
        return Batch(tuple(parts))

    def graphs(self, originals: Sequence[Graph]) -> list[Graph]:
        """Put the values back into the graphs they came from; tensors of integers stay."""
        result = list(originals)
        for part in self.parts:
            for position, row in zip(part.positions, part.values.detach().cpu(), strict=True):
                weights = dict(originals[position].weights())
                for name, (start, size) in float_offsets(part.template).items():
                    weights[name] = row[start : start + size].numpy().reshape(weights[name].shape)
                result[position] = part.template.bind(weights)
        return result


def as_tensor(values: np.ndarray) -> Tensor:
    """Turn stacked values into a float tensor; 16-bit floats become 32-bit."""
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(values))


def float_values(graph: Graph) -> np.ndarray:
    """Concatenate a graph's floating-point tensors."""
    floats = tuple(t for t in graph.template.tensors if t.dtype.startswith("float"))
    columns = pack(floats, graph.weights())
    if len(columns) > 1:
        raise MetanetError(
            "a network's tensors need one floating-point dtype in a batch, got "
            + ", ".join(column.removeprefix("values.") for column in columns)
        )
    return next(iter(columns.values())) if columns else np.empty(0, np.float32)


@lru_cache(maxsize=4096)
def _offsets(architecture: str, tensors: tuple[Any, ...]) -> dict[str, tuple[int, int]]:
    offsets, start = {}, 0
    for tensor in tensors:
        if tensor.dtype.startswith("float"):
            size = prod(tensor.shape)
            offsets[tensor.name] = (start, size)
            start += size
    return offsets


def float_offsets(template: Template) -> dict[str, tuple[int, int]]:
    """Say where each floating-point tensor lies in a row of values: name -> (start, size)."""
    return _offsets(template.architecture, template.tensors)
