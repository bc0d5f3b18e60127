"""Records: a finished network as bytes, for the way from a worker and for a journal."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, concerning
from graphgen.files import pack, unpack
from graphgen.files.document import check_schema
from pipelines.zoo.consistency import check_depth
from pipelines.zoo.index import RECORD
from pipelines.zoo.sampling import NetworkPlan
from spec import Architecture

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
    def decode(cls, data: bytes, where: str | os.PathLike[str] = "a record") -> Record:
        """Read what `encode` gives; `GraphError` that begins with `where` for anything else."""
        position = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
        header = decode_json(data[_LENGTH_BYTES:position], where)
        check_schema(Path(where), RECORD, header)
        check_depth(Path(where), header)
        columns = {}
        for name, size in header["columns"].items():
            dtype = _dtype(name)
            if size * dtype.itemsize > len(data) - position:
                raise GraphError(f"{where}: the column {name!r} is cut off; expected {size} values")
            columns[name] = np.frombuffer(data, dtype, size, position)
            position += columns[name].nbytes
        if position != len(data):
            raise GraphError(f"{where}: got {len(data)} bytes, expected {position}")
        return cls(header["about"], header["resolved"], columns)

    def check(self, where: Path, net: Architecture) -> None:
        """Raise `GraphError` unless the weights are those of the architecture, and unchanged."""
        with concerning(f"{where}: network {self.about['index']}"):
            unpack(tuple(net.tensors.values()), self.columns)
            if weights_hash(self.columns) != self.about["sha256"]:
                raise GraphError("the weights do not match their hash")


def decode_json(data: bytes, where: str | os.PathLike[str]) -> Any:
    """Read a record of JSON; `GraphError` that begins with `where` for anything else."""
    try:
        return json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        words = "it nests too deep" if isinstance(error, RecursionError) else str(error)[:160]
        raise GraphError(f"{where}: not readable as JSON: {words}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


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
    metrics = {
        name: value if math.isfinite(value) else None for name, value in fitted.metrics.items()
    }
    about = {
        "index": plan.index,
        "family": plan.family,
        "architecture": plan.net.hash,
        "parameters": sum(math.prod(shape) for shape in plan.net.parameters.values()),
        "variables": dict(plan.variables),
        "training": dict(plan.training),
        # A network may be finite, and its outputs not.
        "status": "diverged" if None in metrics.values() else fitted.status,
        "metrics": metrics,
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
