"""Graph sets: many networks' graphs on disk, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.errors import GraphError
from graphgen.files import Shard, pack, read_index, unpack, write_index, write_rows
from graphgen.graph import Graph
from graphgen.template import Template
from spec import Architecture, from_resolved

FORMAT, VERSION = "graph-metanetworks/graph-set", 1
Weights = Mapping[str, NDArray[Any]]


class GraphSet:
    """A folder of networks, opened: an index in JSON, and shards of weights.

        graphs = graphgen.GraphSet.open("out/graphs")
        graphs[3]                     # a Graph, its weights views of the mapped file
        graphs.records[3]             # what was stored with it, such as its accuracy
        graphs.values([3, 5])         # (2, P) float array, for networks of one architecture

    In a shard, a network is one row of each column; a column `values.<dtype>` holds its tensors of
    that dtype, flattened one after the other in the architecture's order.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = folder
        self.index = index
        self.records: list[dict[str, Any]] = index["networks"]
        self._shards: dict[int, Shard] = {}
        self._templates: dict[str, Template] = {}

    @classmethod
    def open(cls, folder: str | Path) -> GraphSet:
        """Open a graph set; `GraphError` if the folder holds none."""
        return cls(Path(folder), read_index(Path(folder), FORMAT, VERSION))

    def __len__(self) -> int:
        return len(self.records)

    @property
    def hash(self) -> str:
        """The content's identity."""
        return str(self.index["hash"])

    @cached_property
    def architectures(self) -> dict[str, Architecture]:
        """The architectures in the set, by hash."""
        return {
            key: from_resolved(row["resolved"]) for key, row in self.index["architectures"].items()
        }

    def template(self, i: int) -> Template:
        """Give the structure of network `i`; networks of one architecture share it."""
        key = self.records[i]["architecture"]
        if key not in self._templates:
            self._templates[key] = template_of(self.architectures[key])
        return self._templates[key]

    def __getitem__(self, i: int) -> Graph:
        template = self.template(i)
        shard, row = self._row(i)
        return template.bind(
            unpack(template.tensors, {c: shard.row(c, row) for c in shard.columns})
        )

    def values(self, indices: Sequence[int]) -> NDArray[Any]:
        """Stack the float values of networks of one architecture, shape (len(indices), P)."""
        rows = []
        for i in indices:
            shard, row = self._row(i)
            rows.append(shard.row(f"values.{self.index['dtype']}", row))
        return np.stack(rows)

    def verify(self) -> None:
        """Compare every shard with its hash; `GraphError` names the file that differs."""
        for number, entry in enumerate(self.index["shards"]):
            self._shard(number).verify(entry["sha256"])

    def _shard(self, number: int) -> Shard:
        if number not in self._shards:
            self._shards[number] = Shard(self.folder / self.index["shards"][number]["file"])
        return self._shards[number]

    def _row(self, i: int) -> tuple[Shard, int]:
        record = self.records[i]
        return self._shard(record["shard"]), record["row"]

    @staticmethod
    def write(
        folder: str | Path,
        networks: Iterable[tuple[Architecture, Weights, dict[str, Any]]],
        rows_per_shard: int = 256,
        about: Mapping[str, Any] | None = None,
    ) -> GraphSet:
        """Write a graph set: each network's architecture, weights and record (plain data).

        Weights must be finite and their floats of one dtype over the set. The index comes last, so
        a folder without one is unfinished. `about` is kept in the index.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.json").unlink(missing_ok=True)
        writer = _Writer(folder, rows_per_shard)
        for net, weights, record in networks:
            writer.add(net, weights, record)
        index = writer.finish(dict(about or {}))
        return GraphSet(folder, index)


class _Writer:
    def __init__(self, folder: Path, rows_per_shard: int) -> None:
        self.folder = folder
        self.rows_per_shard = rows_per_shard
        self.dtype: str | None = None
        self.architectures: dict[str, dict[str, Any]] = {}
        self.networks: list[dict[str, Any]] = []
        self.shards: list[dict[str, Any]] = []
        self.rows: list[dict[str, NDArray[Any]]] = []

    def add(self, net: Architecture, weights: Weights, record: dict[str, Any]) -> None:
        structure = template_of(net)
        graph = structure.bind(weights)
        graph.check_values()
        packed = pack(structure.tensors, weights)
        floats = [c for c in packed if c.startswith(("values.float", "values.bfloat"))]
        for column in floats:
            self.dtype = self.dtype or column.removeprefix("values.")
            if column != f"values.{self.dtype}":
                raise GraphError(f"a graph set of {self.dtype} cannot take {column}")
        self.architectures.setdefault(
            net.hash, {"resolved": net.resolved(), "structure": structure.describe()}
        )
        self.networks.append(
            {
                **record,
                "architecture": net.hash,
                "shard": len(self.shards),
                "row": len(self.rows),
            }
        )
        self.rows.append(packed)
        if len(self.rows) == self.rows_per_shard:
            self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        name = f"shard-{len(self.shards):05d}.safetensors"
        sha256 = write_rows(self.folder / name, self.rows)
        self.shards.append({"file": name, "rows": len(self.rows), "sha256": sha256})
        self.rows = []

    def finish(self, about: dict[str, Any]) -> dict[str, Any]:
        self.flush()
        return write_index(
            self.folder,
            {
                "format": FORMAT,
                "version": VERSION,
                "about": about,
                "dtype": self.dtype or "float32",
                "architectures": self.architectures,
                "shards": self.shards,
                "networks": self.networks,
            },
        )
