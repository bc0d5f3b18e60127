"""Targets: what records say of each network, and the networks of each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet
from pipelines.errors import PipelineError

SECTIONS = ("metrics", "training", "variables", "labels")
LOGARITHM = "log10 "


@dataclass(frozen=True)
class Targets:
    """One number of every network of a graph set, standardised by its training networks."""

    name: str
    values: NDArray[np.float64]
    indices: dict[str, list[int]]
    mean: float
    deviation: float

    def standardised(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """Give targets with mean 0 and deviation 1 over the training networks."""
        result: NDArray[np.float64] = (self.values[list(chosen)] - self.mean) / self.deviation
        return result


def read_targets(graph_set: GraphSet, name: str, networks: int | None = None) -> Targets:
    """Read a number from a graph set's records; `PipelineError` if a network lacks it.

        read_targets(graphs, "training.learning_rate")

    A name without a section is that of a metric; `log10 training.learning_rate` is the decimal
    logarithm of that number. With `networks`, only so many training networks are used; more
    include those of fewer.
    """
    values = np.empty(len(graph_set))
    number = name.removeprefix(LOGARITHM)
    for i, value in enumerate(read_values(graph_set, number)):
        if not isinstance(value, int | float):
            raise PipelineError(
                f"{graph_set.folder}: {number!r} of network {i} is {value!r}, expected a number; "
                "to predict words, give the task `classification`"
            )
        if number != name and value <= 0:
            raise PipelineError(
                f"{graph_set.folder}: {number!r} of network {i} is {value!r}, which has no "
                f"logarithm; expected numbers above 0, or the target {number!r}"
            )
        values[i] = value if number == name else log10(value)
    indices = split_networks(graph_set, networks)
    train = values[indices["train"]]
    deviation = float(train.std())
    if deviation == 0:
        raise PipelineError(f"{graph_set.folder}: all training networks have the same {name}")
    return Targets(name, values, indices, float(train.mean()), deviation)


def read_values(graph_set: GraphSet, name: str) -> list[Any]:
    """Read what the records have of a name; `PipelineError` if a network lacks it."""
    values = []
    section, field = split_name(name)
    for i, record in enumerate(graph_set.records):
        value = look_up(record, name)
        if value is None:
            known = ", ".join(record.get(section, {})) or "none"
            word = "metric" if section == "metrics" else f"`{section}`"
            raise PipelineError(
                f"{graph_set.folder}: network {i} has no {word} {field!r}; it has: {known}"
            )
        values.append(value)
    return values


def look_up(record: Mapping[str, Any], name: str) -> Any:
    """Find `section.field`, or a metric, in a record; None where there is none."""
    section, field = split_name(name)
    return record.get(section, {}).get(field)


def split_name(name: str) -> tuple[str, str]:
    """Split a name into its section and field; one without a section is a metric."""
    section, dot, field = name.partition(".")
    return (section, field) if dot and section in SECTIONS else ("metrics", name)


def split_networks(graph_set: GraphSet, networks: int | None = None) -> dict[str, list[int]]:
    """List the networks of each split; with `networks`, so many of the training networks."""
    indices: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for i, record in enumerate(graph_set.records):
        indices.setdefault(record["split"], []).append(i)
    if networks is not None:
        indices["train"] = first_networks(graph_set, indices["train"], networks)
    for split in ("train", "validation"):
        if len(indices[split]) < 2:
            raise PipelineError(
                f"{graph_set.folder}: networks to use for {split}: {len(indices[split])}; "
                "at least 2 are needed"
            )
    return indices


def first_networks(graph_set: GraphSet, train: list[int], networks: int) -> list[int]:
    """Give the first of the training networks, with their checkpoints, in an order drawn once."""
    numbers = [graph_set.records[i].get("network", i) for i in train]
    every = list(dict.fromkeys(numbers))
    if networks > len(every):
        raise PipelineError(
            f"{graph_set.folder}: {networks} training networks are asked for, there are "
            f"{len(every)}"
        )
    order = np.random.default_rng(0).permutation(len(every))
    chosen = {every[i] for i in order[:networks]}
    return [i for i, number in zip(train, numbers, strict=True) if number in chosen]
