"""Records: a finished network as bytes, for the way from a worker and for a journal."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgen.files import pack
from pipelines.zoo.sampling import NetworkPlan

if TYPE_CHECKING:  # the parent process of a pool needs no torch
    from pipelines.zoo.fit import FittedNetwork

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Record:
    """A finished network of a zoo.

    Attributes:
        about: its row of the zoo's index, but for the shard and the row in it.
        resolved: its architecture's resolved form.
        columns: its packed weights, one flat array for each dtype.
    """

    about: dict[str, Any]
    resolved: dict[str, Any]
    columns: dict[str, NDArray[Any]]

    def encode(self) -> bytes:
        """Give the record as bytes: the length of a JSON header, the header, the arrays."""
        sizes = {name: array.size for name, array in sorted(self.columns.items())}
        content = {"about": self.about, "resolved": self.resolved, "columns": sizes}
        header = json.dumps(content, allow_nan=False).encode()
        arrays = [self.columns[name].astype(_dtype(name)).tobytes() for name in sizes]
        return b"".join([len(header).to_bytes(_LENGTH_BYTES, "little"), header, *arrays])

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """Read what `encode` gives."""
        position = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
        header = json.loads(data[_LENGTH_BYTES:position])
        columns = {}
        for name, size in header["columns"].items():
            columns[name] = np.frombuffer(data, _dtype(name), size, position)
            position += columns[name].nbytes
        return cls(header["about"], header["resolved"], columns)


def records(plan: NetworkPlan, fitted: Sequence[FittedNetwork]) -> list[Record]:
    """Give the records of a network that was trained as planned: one for each checkpoint.

    Their numbers follow each other. Where there are several, they name their `network`, and which
    of how many checkpoints they are.
    """
    every = []
    for place, one in enumerate(fitted):
        single = record(plan, one)
        if len(fitted) > 1:
            single.about.update(
                index=plan.index * len(fitted) + place,
                network=plan.index,
                checkpoint=place + 1,
                checkpoints=len(fitted),
            )
        every.append(single)
    return every


def record(plan: NetworkPlan, fitted: FittedNetwork) -> Record:
    """Give the record of a network that was trained as planned."""
    columns = pack(plan.net.tensors.values(), fitted.weights)
    about = {
        "index": plan.index,
        "family": plan.family,
        "architecture": plan.net.hash,
        "parameters": sum(math.prod(shape) for shape in plan.net.parameters.values()),
        "variables": dict(plan.variables),
        "training": dict(plan.training),
        "status": fitted.status,
        "metrics": {
            name: value if math.isfinite(value) else None for name, value in fitted.metrics.items()
        },
        "sha256": weights_hash(columns),
    }
    return Record(about, plan.net.resolved(), columns)


def weights_hash(columns: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of packed weights: their little-endian bytes, columns in the order of their names.

    A column without elements does not count, so a row of a shard has the hash of its network.
    """
    digest = hashlib.sha256()
    for name in sorted(columns):
        digest.update(columns[name].astype(_dtype(name)).tobytes())
    return digest.hexdigest()


def _dtype(column: str) -> np.dtype[Any]:
    return np.dtype(column.removeprefix("values.")).newbyteorder("<")
