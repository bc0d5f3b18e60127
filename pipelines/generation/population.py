"""A population: the INRs of a graph set, all of one architecture, as rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import GraphSet, Template
from metanet.batch import float_offsets
from pipelines.errors import PipelineError
from spec import Architecture

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Population:
    """Networks of one architecture, and their place in the splits.

    `values` (N, P) holds their tensors flattened one after the other, as `metanet.Batch` does;
    `offset` is what their convention adds to the outputs.
    """

    net: Architecture
    template: Template
    values: Rows
    records: list[dict[str, Any]]
    indices: Mapping[str, list[int]]
    offset: float

    def split(self, name: str) -> Rows:
        """Give the values of a split's networks."""
        return self.values[self.indices[name]]


def read_population(graphs: str | Path) -> Population:
    """Read the networks of a graph set that flows can learn.

        population = read_population("out/graphs")

    Raises `PipelineError` for several architectures, tensors that are not trained, records that
    are no INRs', and splits that are too small.
    """
    graph_set = GraphSet.open(graphs)
    if len(graph_set.architectures) != 1:
        raise PipelineError(
            f"{graph_set.folder}: {len(graph_set.architectures)} architectures; a flow draws "
            "networks of one, so compile a zoo of one architecture (`gmn inrs`)"
        )
    template = graph_set.template(0)
    fixed = [tensor.name for tensor in template.tensors if not tensor.trainable]
    if fixed:
        raise PipelineError(
            f"{graph_set.folder}: {', '.join(fixed)}: not trained; a flow draws every number of a "
            "network, so take an architecture of trained tensors only"
        )
    offsets = {float(r["offset"]) for r in graph_set.records if r.get("offset") is not None}
    if len(offsets) != 1 or any(r.get("offset") is None for r in graph_set.records):
        raise PipelineError(
            f"{graph_set.folder}: expected one `offset` in all records, got "
            f"{sorted(offsets) or 'none'}; compile a zoo of INRs (`gmn inrs`)"
        )
    indices: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for i, record in enumerate(graph_set.records):
        indices.setdefault(record["split"], []).append(i)
    for split, least in (("train", 2), ("validation", 1)):
        if len(indices[split]) < least:
            raise PipelineError(
                f"{graph_set.folder}: {len(indices[split])} networks to use for {split}, "
                f"at least {least} are needed"
            )
    values = graph_set.values(range(len(graph_set))).astype(np.float32)
    net = next(iter(graph_set.architectures.values()))
    return Population(net, template, values, graph_set.records, indices, offsets.pop())


def tensors_of(template: Template, values: Tensor) -> dict[str, Tensor]:
    """Cut rows of values (N, P) into tensors by name, (N, ...)."""
    places = float_offsets(template)
    return {
        tensor.name: values[:, start : start + size].reshape(-1, *tensor.shape)
        for tensor in template.tensors
        for start, size in [places[tensor.name]]
    }


def arrays_of(template: Template, row: Rows) -> dict[str, NDArray[Any]]:
    """Cut one network's values (P,) into arrays by name."""
    tensors = tensors_of(template, torch.from_numpy(np.ascontiguousarray(row))[None])
    return {name: tensor[0].numpy() for name, tensor in tensors.items()}


def row_of(template: Template, weights: Mapping[str, NDArray[Any]]) -> Rows:
    """Put one network's arrays one after the other: what `arrays_of` takes."""
    parts = [np.asarray(weights[name], np.float32).reshape(-1) for name in float_offsets(template)]
    return np.concatenate(parts)


def classes_of(population: Population, label: str, chosen: Sequence[int]) -> list[Any]:
    """List the values of a label among some networks, in order; `PipelineError` if one lacks it."""
    found = set()
    for i in chosen:
        labels = population.records[i].get("labels", {})
        if not isinstance(labels.get(label), int | str):
            known = ", ".join(name for name, v in labels.items() if isinstance(v, int | str))
            raise PipelineError(
                f"`condition`: network {i} has no label {label!r} that is a word or a whole "
                f"number; it has: {known or 'none'}"
            )
        found.add(labels[label])
    return sorted(found, key=lambda value: (str(type(value)), value))


def numbers_of(population: Population, label: str, classes: Sequence[Any]) -> NDArray[np.int64]:
    """Give the number of each network's class, (N,); -1 where it is none of them."""
    places = {value: number for number, value in enumerate(classes)}
    found = [places.get(r.get("labels", {}).get(label), -1) for r in population.records]
    return np.array(found, dtype=np.int64)
