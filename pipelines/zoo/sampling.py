"""Sampling: everything about one network of a zoo that is left to chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.zoo.architectures import Family
from pipelines.zoo.ranges import Range
from pipelines.zoo.settings import ZooSettings
from spec import Architecture, SpecError


@dataclass(frozen=True)
class Seeds:
    """Seeds of a network's own generators, below 2**63."""

    weights: int
    data_order: int
    dropout: int


@dataclass(frozen=True)
class NetworkPlan:
    """A network to be trained: what it is, by which recipe, and its seeds."""

    index: int
    family: str
    net: Architecture
    variables: Mapping[str, Any]
    training: Mapping[str, Any]
    seeds: Seeds


def plan(settings: ZooSettings, index: int) -> NetworkPlan:
    """Draw network `index` of a zoo; it depends on nothing but the settings and the index.

        plan(read_settings("params.yaml"), 3).training["learning_rate"]

    Raises `PipelineError` for an index out of range, and for variables drawn from inside of their
    ranges for which the architecture cannot be built.
    """
    if not 0 <= index < settings.count:
        raise PipelineError(f"there is no network {index} in a zoo of {settings.count} networks")
    choices, *seeds = np.random.SeedSequence([settings.seed, index]).spawn(4)
    rng = np.random.Generator(np.random.PCG64(choices))
    family = _family(settings.architectures, rng)
    variables = _draw(family.variables, rng)
    training = _draw(settings.training, rng)
    try:
        net = family.expand(variables)
    except SpecError as error:
        values = ", ".join(f"{name}={value!r}" for name, value in variables.items())
        raise PipelineError(
            f"network {index} cannot be built: family {family.name!r} with {values}: {error}; "
            "narrow the ranges of these variables"
        ) from None
    return NetworkPlan(index, family.name, net, variables, training, Seeds(*map(_seed, seeds)))


def _family(families: tuple[Family, ...], rng: np.random.Generator) -> Family:
    """Draw an entry with probability proportional to its weight."""
    ends = np.cumsum([family.weight for family in families])
    place = rng.random() * ends[-1]
    return families[min(int(np.searchsorted(ends, place, side="right")), len(families) - 1)]


def _draw(ranges: Mapping[str, Range], rng: np.random.Generator) -> dict[str, Any]:
    """Draw from each range in the order of the names, so that theirs in a file does not matter."""
    return {name: ranges[name].draw(rng) for name in sorted(ranges)}


def _seed(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
