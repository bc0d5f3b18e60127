"""Writing a graph set: shard after shard, and then the index."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.dtypes import holds, name_of
from graphgen.errors import GraphError
from graphgen.files import pack, write_rows
from graphgen.files.sealed import Replacement
from graphgen.sources import Weights
from spec import Architecture
from spec.plugin_layers import layers_needed

Network = tuple[Architecture, Weights, dict[str, Any]]


@dataclass(frozen=True)
class Packed:
    """Networks as the rows of a graph set: plain data, packed by one process for another.

    Attributes:
        architectures: what the index says of each, by hash.
        networks: of each network the hash of its architecture, its columns, the dtypes of its
            floats, and its record.
    """

    architectures: dict[str, dict[str, Any]]
    networks: list[tuple[str, dict[str, NDArray[Any]], dict[str, str], dict[str, Any]]]

    @classmethod
    def of(cls, networks: Iterable[Network], known: Container[str] = ()) -> Packed:
        """Pack networks; `GraphError` for one that does not fit, or is not finite.

        Architectures that are `known` are not described again.
        """
        architectures: dict[str, dict[str, Any]] = {}
        rows = []
        for net, weights, record in networks:
            structure = template_of(net)
            graph = structure.bind(weights)
            graph.check_values()
            if net.hash not in known and net.hash not in architectures:
                resolved = net.resolved()
                needs = layers_needed(resolved)
                architectures[net.hash] = {
                    "resolved": resolved,
                    "structure": structure.describe(),
                    **({"needs": needs} if needs else {}),
                }
            dtypes = {
                tensor.name: name_of(graph.tensors[tensor.name].dtype)
                for tensor in structure.tensors
                if tensor.dtype.startswith("float")
            }
            rows.append((net.hash, pack(structure.tensors, graph.tensors), dtypes, record))
        return cls(architectures, rows)


class Writer:
    """Collects networks into shards, and gives the index at the end; see `GraphSet.write`."""

    def __init__(self, new: Replacement, rows_per_shard: int) -> None:
        self.new = new
        self.rows_per_shard = rows_per_shard
        self.dtypes: list[dict[str, str]] = []
        self.known: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self.architectures: dict[str, dict[str, Any]] = {}
        self.networks: list[dict[str, Any]] = []
        self.shards: list[dict[str, Any]] = []
        self.rows: list[dict[str, NDArray[Any]]] = []

    def add(self, given: Packed | Network) -> None:
        """Take a network, or some that are packed; `GraphError` if one does not fit."""
        packed = given if isinstance(given, Packed) else Packed.of([given], self.architectures)
        for key, description in packed.architectures.items():
            self.architectures.setdefault(key, description)
        for key, columns, dtypes, record in packed.networks:
            # Of a million networks most share what is said of their tensors.
            self.dtypes.append(self.known.setdefault(tuple(dtypes.items()), dtypes))
            self.networks.append(
                {
                    **{name: value for name, value in record.items() if name != "dtypes"},
                    "architecture": key,
                    "shard": len(self.shards),
                    "row": len(self.rows),
                }
            )
            self.rows.append(columns)
            if len(self.rows) == self.rows_per_shard:
                self.flush()

    def flush(self) -> None:
        """Write the shard that was begun."""
        if not self.rows:
            return
        name, rows = f"shard-{len(self.shards):05d}.safetensors", self.rows
        sha256 = self.new.add(name, lambda path: write_rows(path, rows))
        self.shards.append({"file": name, "rows": len(rows), "sha256": sha256})
        self.rows = []

    def finish(self, about: dict[str, Any]) -> dict[str, Any]:
        """Write the index, and give it."""
        self.flush()
        dtype = holding({name for dtypes in self.dtypes for name in dtypes.values()})
        for network, dtypes in zip(self.networks, self.dtypes, strict=True):
            others = {name: other for name, other in dtypes.items() if other != dtype}
            network |= {"dtypes": others} if others else {}
        return self.new.commit(
            {
                "about": about,
                "dtype": dtype,
                "architectures": self.architectures,
                "shards": self.shards,
                "networks": self.networks,
            }
        )


def holding(dtypes: Iterable[str]) -> str:
    """Give the smallest dtype of sets that holds the floats of all dtypes exactly.

    >>> holding(["float16", "bfloat16"])
    'float32'
    """
    found = [np.dtype(name) for name in sorted(dtypes)]
    for name in ("float16", "bfloat16", "float32", "float64"):
        if all(holds(np.dtype(name), dtype) for dtype in found) and (found or name == "float32"):
            return name
    raise GraphError(
        f"a graph set holds floats of at most 64 bits, got {', '.join(map(str, found))}; convert "
        "them with .astype"
    )
