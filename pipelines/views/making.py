"""What views are made from: which training networks of a graph set, ranked by which scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphgen import GraphSet
from metanet.errors import MetanetError
from pipelines.errors import PipelineError
from pipelines.tasks.targets import read_values, split_networks
from pipelines.views.settings import Asked, making_options, mixed, source_of

Making = tuple[str, str, str, int | None]
"""The view that is made, its options as JSON, the target, and of how many networks."""


@dataclass(frozen=True)
class Unwritten:
    """What is known of a graph set before it is written."""

    folder: Path
    records: Sequence[Mapping[str, Any]]
    index: Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """The training networks that a view is made from, their scores, and the options of making it.

    `leading` are the places of the highest scores among them, in order: all that is read.
    """

    networks: list[int]
    scores: list[float]
    options: dict[str, Any]
    leading: list[int]


def making(asked: Asked) -> Making:
    """Say what is to be made from networks for a view: the same for all that can share it."""
    options = {**making_options(asked.family), **asked.options}
    source = source_of(asked.family)
    return source, json.dumps(options, sort_keys=True), str(asked.target), asked.networks


def check_makings(graph_set: GraphSet | Unwritten, asked: Sequence[Asked]) -> None:
    """Raise `PipelineError` for views that cannot be made of the networks of a graph set.

    What only their weights say is not known before they are made.
    """
    for one in dict.fromkeys(making(one) for one in asked if one.target is not None):
        with naming(described(one)):
            sources(graph_set, one)


def sources(graph_set: GraphSet | Unwritten, making: Making) -> Sources:
    """Find the networks that a view is made from; `PipelineError` if it cannot be made of them."""
    family, options, target, count = making
    known: Any = graph_set
    datasets = {zoo["dataset"] for zoo in known.index["about"].get("zoos", {}).values()}
    if len(datasets) > 1:
        raise PipelineError(mixed(family, datasets))
    networks = split_networks(known, count)["train"]
    scores = scores_of(known, networks, target)
    own = json.loads(options)
    if "panel" in own:
        from metanet.views.exam import panel_size

        own["panel"] = own["panel"] or panel_size(len(scores))
        if own["panel"] > len(scores):
            raise PipelineError(
                f"`panel` is {own['panel']}, expected at most {len(scores)}, as many as there are "
                "networks to choose from"
            )
    return Sources(networks, scores, own, leading(scores, own.get("panel", len(scores))))


def described(making: Making) -> str:
    """Say what is made."""
    family, _, _, count = making
    if count is None:
        return f"making the view {family!r} of all training networks"
    return f"making the view {family!r} of {count} training network{'s' * (count != 1)}"


def scores_of(graph_set: GraphSet, training: Sequence[int], target: str) -> list[float]:
    """Read by what training networks are ranked; `PipelineError` for what is no share."""
    values = read_values(graph_set, target)
    for i in training:
        if not isinstance(values[i], int | float) or not 0 <= values[i] <= 1:
            raise PipelineError(
                f"{target!r} of network {i} is {values[i]!r}, expected its share of right answers, "
                "a number from 0 to 1"
            )
    return [float(values[i]) for i in training]


def leading(scores: Sequence[float], count: int) -> list[int]:
    """Give the places of the highest scores, the first of equal ones first, in order of place."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    return sorted(order[:count].tolist())


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Put what is done before what is wrong with it."""
    try:
        yield
    except (MetanetError, PipelineError) as error:
        raise PipelineError(f"{what}: {error}") from None
