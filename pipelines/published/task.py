"""The task of a worker: read some networks of a published set, and give their records."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np

from graphgen.files import pack
from pipelines.errors import PipelineError
from pipelines.published.network_set import NetworkSet, StoredNetwork
from pipelines.published.settings import PublishedSettings, chosen
from pipelines.zoo.record import Record, weights_hash

MOST_MEASURED = 1e100


def read_networks(settings: str, first: int, last: int) -> list[bytes]:
    """Read records `first` up to `last` of a set, whose settings come as JSON; give them encoded.

    A process looks through the set once.
    """
    opened, handles, places = _prepare(settings)
    folder = json.loads(settings)["folder"]
    made = []
    for index in range(first, last):
        stored = opened.read(handles[index])
        check(stored, f"{folder}: {stored.source}")
        made.append(record(stored, index, places[index]).encode())
    return made


def record(stored: StoredNetwork, index: int, place: dict[str, int]) -> Record:
    """Give the record of a network; `place` says which checkpoint it is, if there are several."""
    finite = all(np.isfinite(array).all() for array in stored.weights.values())
    columns = pack(stored.net.tensors.values(), stored.weights)
    about: dict[str, Any] = {
        "index": index,
        "family": stored.family,
        "architecture": stored.net.hash,
        "parameters": sum(math.prod(shape) for shape in stored.net.parameters.values()),
        "source": stored.source,
        "variables": dict(stored.variables),
        "training": dict(stored.training),
        "status": "trained" if finite and None not in stored.metrics.values() else "diverged",
        "metrics": dict(stored.metrics),
        **stored.about,
        **place,
        "sha256": weights_hash(columns),
    }
    if stored.labels is not None:
        about["labels"] = dict(stored.labels)
    return Record(about, stored.net.resolved(), columns)


def check(stored: StoredNetwork, place: str) -> None:
    """Raise `PipelineError` for a record that no zoo may have."""
    for name, value in stored.training.items():
        bad = isinstance(value, float) and not math.isfinite(value)
        if bad or not (value is None or isinstance(value, str | int | float)):
            raise PipelineError(f"{place}: `{name}` is {value!r:.80}, no plain value")
    for name, value in stored.metrics.items():
        most = 1 if name == "test_accuracy" else MOST_MEASURED
        least = 0 if name == "test_accuracy" else -MOST_MEASURED
        if value is not None and not least <= value <= most:
            raise PipelineError(f"{place}: `{name}` is {value}, expected {least:g} to {most:g}")


@lru_cache(maxsize=1)
def _prepare(settings: str) -> tuple[NetworkSet, list[Any], list[dict[str, int]]]:
    """Open the set, and list the handles of its records and their places among checkpoints."""
    own = PublishedSettings(**json.loads(settings))
    opened = own.open()
    numbers = chosen(own, opened)
    several = any(len(opened.networks[number]) > 1 for number in numbers)
    handles: list[Any] = []
    places: list[dict[str, int]] = []
    for network, number in enumerate(numbers):
        checkpoints = opened.networks[number]
        handles.extend(checkpoints)
        for place in range(len(checkpoints)):
            told = {"network": network, "checkpoint": place + 1, "checkpoints": len(checkpoints)}
            places.append(told if several else {})
    return opened, handles, places
