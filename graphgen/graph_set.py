"""Graph sets: many networks' graphs on disk, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.errors import GraphError, concerning
from graphgen.files import Kind, Shard, read_document, replacing, unpack
from graphgen.files.sealed import part_path
from graphgen.graph import Graph
from graphgen.graph_set_writer import Network, Packed, Writer
from graphgen.stored_values import check_values
from graphgen.template import Template
from spec import Architecture, SpecError, from_resolved

INDEX = "index.json"
NATURAL = {"type": "integer", "minimum": 0, "maximum": 2**53}
SHARDS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["file", "rows", "sha256"],
        "properties": {
            "file": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$"},
            "rows": NATURAL,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    },
}
NETWORKS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["architecture", "shard", "row"],
        "properties": {
            "architecture": {"type": "string"},
            "shard": NATURAL,
            "row": NATURAL,
            "dtypes": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
}
ARCHITECTURES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["resolved"],
        "properties": {"resolved": {"type": "object"}, "structure": {"type": "object"}},
    },
}
DTYPES = ["float64", "float32", "float16", "bfloat16"]
GRAPH_SET = Kind(
    "graph-metanetworks/graph-set",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["about", "dtype", "architectures", "shards", "networks"],
        "properties": {
            "about": {"type": "object"},
            "dtype": {"enum": DTYPES},
            "architectures": ARCHITECTURES,
            "shards": SHARDS,
            "networks": NETWORKS,
        },
    },
    "`gmn compile` or graphgen.GraphSet.write",
)


class GraphSet:
    """A folder of networks, opened: an index in JSON, and shards of weights.

        graphs = graphgen.GraphSet.open("out/graphs")
        graphs[3]                     # a Graph, its weights views of the mapped file
        graphs.records[3]             # what was stored with it, such as its accuracy
        graphs.values([3, 5])         # (2, P) float array, for networks of one architecture

    In a shard, a network is one row of each column; a column `values.<dtype>` holds its tensors of
    that dtype, flattened one after the other in the architecture's order. The set's `dtype` holds
    all floats; a record's `dtypes` are those of the network's tensors that have another.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = folder
        self.index = index
        self.records: list[dict[str, Any]] = index["networks"]
        self._shards: dict[int, Shard] = {}
        self._templates: dict[str, Template] = {}

    @classmethod
    def open(cls, folder: str | Path) -> GraphSet:
        """Open a graph set; `GraphError` if the folder holds none, or a damaged one.

        The index is checked here, and each shard by its hash when it is first read.
        """
        folder = Path(folder)
        index = read_document(folder / INDEX, GRAPH_SET)
        check_places(folder / INDEX, index)
        return cls(folder, index)

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
            key: read_architecture(self.folder / INDEX, key, row["resolved"])
            for key, row in self.index["architectures"].items()
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
        columns = {c: shard.row(c, row) for c in shard.columns}
        with concerning(f"{shard.path}, row {row}"):
            return template.bind(unpack(template.tensors, columns, self._dtypes(i)))

    def values(self, indices: Sequence[int]) -> NDArray[Any]:
        """Stack the float values of networks of one architecture, shape (len(indices), P).

        They are in the set's `dtype`, which holds those of all its networks.
        """
        rows = []
        for i in indices:
            shard, row = self._row(i)
            if self._dtypes(i) is None:
                rows.append(shard.row(f"values.{self.index['dtype']}", row))
                continue
            tensors = self[i].tensors
            floats = [t for t in self.template(i).tensors if t.dtype.startswith("float")]
            wide = np.dtype(self.index["dtype"])
            rows.append(np.concatenate([tensors[t.name].reshape(-1).astype(wide) for t in floats]))
        return np.stack(rows)

    def _dtypes(self, i: int) -> dict[str, str] | None:
        """Give the dtype of each float tensor of a network, unless all have the set's."""
        others = self.records[i].get("dtypes")
        if others is None:
            return None
        return {t.name: others.get(t.name, self.index["dtype"]) for t in self.template(i).tensors}

    def verify(self) -> None:
        """Compare every shard with its hash; `GraphError` names the file that differs."""
        for number in range(len(self.index["shards"])):
            self._open(number)

    def _shard(self, number: int) -> Shard:
        if number not in self._shards:
            self._shards[number] = self._open(number)
        return self._shards[number]

    def _open(self, number: int) -> Shard:
        shard = open_shard(self.folder, self.index["shards"][number])
        check_values(shard, self.index["dtype"])
        return shard

    def _row(self, i: int) -> tuple[Shard, int]:
        if not -len(self) <= i < len(self):
            raise GraphError(
                f"{self.folder}: there is no network {i}; the set has {len(self)}, from 0"
            )
        record = self.records[i]
        return self._shard(record["shard"]), record["row"]

    @staticmethod
    def write(
        folder: str | Path,
        networks: Iterable[Network | Packed],
        rows_per_shard: int = 256,
        about: Mapping[str, Any] | None = None,
        replace: bool = False,
    ) -> GraphSet:
        """Write a graph set: each network's architecture, weights and record (plain data).

            GraphSet.write("out/graphs", [(net, weights, {"accuracy": 0.9})])

        Weights must be finite, and are anything that `compile` takes; each tensor has a float dtype
        of its own, of at most 64 bits. Networks may come packed, some at a time, by other processes
        (`graphgen.graph_set_writer.Packed`). `about` is kept in the index. A graph set that is
        there stays whole until the new one is, and is only replaced if `replace` is true; a folder
        that holds anything else is refused.
        """
        folder = Path(folder)
        with replacing(folder, INDEX, GRAPH_SET, replace) as new:
            writer = Writer(new, rows_per_shard)
            for network in networks:
                writer.add(network)
            return GraphSet(folder, writer.finish(dict(about or {})))


def open_shard(folder: Path, entry: Mapping[str, Any]) -> Shard:
    """Open a shard as an index describes it, comparing it with its hash."""
    try:
        shard = Shard(part_path(folder, entry["file"], entry["sha256"]))
    except GraphError:
        # A writer may have given the part its plain name in between.
        shard = Shard(part_path(folder, entry["file"], entry["sha256"]))
    shard.verify(entry["sha256"])
    if shard.rows != entry["rows"]:
        raise GraphError(f"{shard.path}: got {shard.rows} rows, expected {entry['rows']}")
    return shard


def check_places(path: Path, index: Mapping[str, Any]) -> None:
    """Raise `GraphError` for networks of an index that point at nothing."""
    rows = [entry["rows"] for entry in index["shards"]]
    for i, record in enumerate(index["networks"]):
        shard, row, key = record["shard"], record["row"], record["architecture"]
        if shard >= len(rows) or row >= rows[shard]:
            raise GraphError(
                f"{path}: networks[{i}]: got row {row} of shard {shard}, but there are "
                f"{len(rows)} shards"
                + (f", this one of {rows[shard]}" if shard < len(rows) else "")
            )
        if key not in index["architectures"]:
            raise GraphError(f"{path}: networks[{i}]: its architecture {key[:16]!r} is not there")


def read_architecture(path: Path, key: str, resolved: dict[str, Any]) -> Architecture:
    """Make an architecture that an index holds, and compare it with its hash."""
    try:
        net = from_resolved(resolved)
    except SpecError as error:
        raise GraphError(f"{path}: architectures[{key[:16]!r}]: {error}") from None
    if net.hash != key:
        raise GraphError(
            f"{path}: architectures[{key[:16]!r}]: got the hash {net.hash[:16]!r}; the file was "
            "changed, or written by a version that describes this architecture otherwise"
        )
    return net
