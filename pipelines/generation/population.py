"""A population: the INRs of a graph set, all of one architecture, as rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import GraphSet, Template
from graphgen.graph_set import INDEX
from metanet.batch import float_offsets
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from spec import Architecture, SpecError, from_resolved

Rows = NDArray[np.float32]
MOST_COORDINATES, MOST_VALUES = 3, 2**22


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
    return population_of(open_graphs(graphs))


def population_of(graph_set: GraphSet) -> Population:
    """Give the networks of a graph set that is open; see `read_population`."""
    if len(graph_set.architectures) != 1:
        raise PipelineError(
            f"{graph_set.folder}: {len(graph_set.architectures)} architectures; a flow draws "
            "networks of one, so compile a zoo of one architecture (`gmn inrs`)"
        )
    net = next(iter(graph_set.architectures.values()))
    check_network(net, graph_set.folder)
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
                f"{graph_set.folder}: networks to use for {split}: {len(indices[split])}; "
                f"at least {least} are needed"
            )
    values = values_of(graph_set)
    return Population(net, graph_set.template(0), values, graph_set.records, indices, offsets.pop())


def values_of(graph_set: GraphSet) -> Rows:
    """Give the values of all networks, (N, P); `PipelineError` where they are not finite."""
    with np.errstate(over="ignore"):
        values = graph_set.values(range(len(graph_set))).astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise PipelineError(
            f"{graph_set.folder / INDEX}: networks[{bad[0]}]: its weights are not finite in float32"
        )
    return values


def check_network(net: Architecture, path: Path) -> None:
    """Raise `PipelineError` for a network of which no flow draws any.

    It has to be an INR: from a few coordinates to channels, with all its tensors trained.
    """
    if net.buffers:
        raise PipelineError(
            f"{path}: {', '.join(list(net.buffers)[:3])}: not trained; a flow draws every number "
            "of a network, so take an architecture of trained tensors only"
        )
    inputs, outputs = list(net.inputs.values()), net.output_shapes
    places = len(inputs) == 1 and len(inputs[0]) == 1 and inputs[0][0] <= MOST_COORDINATES
    if not places or len(outputs) != 1 or len(outputs[0]) != 1:
        raise PipelineError(
            f"{path}: the networks take {[list(shape) for shape in inputs]} and give "
            f"{[list(shape) for shape in outputs]}; expected INRs, from one input of 1 to "
            f"{MOST_COORDINATES} coordinates to one output of channels (`gmn inrs`)"
        )
    if sum(map(prod, net.shapes.values())) > MOST_VALUES:
        raise PipelineError(
            f"{path}: the networks compute more than {MOST_VALUES} values at one point; take an "
            "architecture of fewer neurons"
        )


def architecture_of(path: Path, resolved: Mapping[str, Any]) -> Architecture:
    """Make an architecture that a file holds as `net`; `PipelineError` names the file."""
    try:
        return from_resolved(resolved)
    except SpecError as error:
        raise PipelineError(f"{path}: net: {error}") from None


def size_of(net: Architecture) -> int:
    """Count the parameters of a network, without making anything of their size."""
    return sum(prod(shape) for shape in net.parameters.values())


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
