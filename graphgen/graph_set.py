"""Graph sets: many networks' graphs on disk, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.errors import GraphError, concerning, instance
from graphgen.files import Shard, read_document, replacing, unpack
from graphgen.files.sealed import part_path
from graphgen.graph import Graph
from graphgen.graph_set_architectures import Architectures, read_architecture
from graphgen.graph_set_index import (
    ARCHITECTURES,
    GRAPH_SET,
    INDEX,
    NATURAL,
    SHARDS,
    check_places,
)
from graphgen.graph_set_writer import Network, Packed, Writer
from graphgen.stored_values import check_values
from graphgen.stored_view import StoredView, stored_views
from graphgen.template import Template
from spec import Architecture

__all__ = [
    "ARCHITECTURES", "INDEX", "NATURAL", "SHARDS", "GraphSet", "check_places", "open_shard",
    "read_architecture",
]  # fmt: skip


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
        self._views: dict[str, StoredView] = {}

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
    def architectures(self) -> Mapping[str, Architecture]:
        """The architectures in the set, by hash; each is read when it is asked for."""
        return Architectures(self.folder / INDEX, self.index["architectures"])

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
        if not len(indices):
            raise GraphError("`indices` is empty; expected those of at least one network")
        for i in indices:
            self._check(i)
        tensors = self.template(indices[0]).tensors
        sizes = [prod(tensor.shape) for tensor in tensors if tensor.dtype.startswith("float")]
        result = np.empty((len(indices), sum(sizes)), np.dtype(self.index["dtype"]))
        for first, last in self._runs(indices):
            self._fill(result[first:last], indices[first], last - first)
        return result

    def _runs(self, indices: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Cut indices where the next network's row does not follow on the last one's."""
        key = self.records[indices[0]]["architecture"]
        first, before = 0, None
        for place, i in enumerate(indices):
            record = self.records[i]
            if record["architecture"] != key:
                raise GraphError(
                    f"networks {indices[0]} and {i} are of two architectures; expected those of one"
                )
            plain = "dtypes" not in record
            here = (record["shard"], record["row"])
            if before is not None and (not plain or here != before):
                yield first, place
                first = place
            before = (here[0], here[1] + 1) if plain else (-1, -1)
        yield first, len(indices)

    def _fill(self, out: NDArray[Any], i: int, count: int) -> None:
        """Write the values of a network, and of those in the rows behind it."""
        shard, row = self._row(i)
        if self._dtypes(i) is not None:
            tensors = self[i].tensors
            floats = [t.name for t in self.template(i).tensors if t.dtype.startswith("float")]
            out[0] = np.concatenate([tensors[n].reshape(-1).astype(out.dtype) for n in floats])
            return
        if not out.shape[1]:
            return
        values, pointers = shard.column(f"values.{self.index['dtype']}")
        found = values[pointers[row] : pointers[row + count]]
        sizes = np.diff(pointers[row : row + count + 1])
        if (sizes != out.shape[1]).any():
            raise GraphError(
                f"{shard.path}: the rows {row} to {row + count - 1} have {sizes.min()} to "
                f"{sizes.max()} values, but the architecture's tensors have {out.shape[1]}"
            )
        out[...] = found.reshape(out.shape)

    def _dtypes(self, i: int) -> dict[str, str] | None:
        """Give the dtype of each float tensor of a network, unless all have the set's."""
        others = self.records[i].get("dtypes")
        if others is None:
            return None
        return {t.name: others.get(t.name, self.index["dtype"]) for t in self.template(i).tensors}

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the views that are kept beside the networks."""
        return stored_views(self.folder)

    def view(self, name: str) -> StoredView:
        """Open a view that is kept beside the networks.

            graphgen.GraphSet.open("out/graphs").view("spectra").values([3, 5])

        Raises `GraphError` where there is none of this name, for a damaged one, and for one of
        another graph set, whose place this one took. Its parts are checked when they are read.
        """
        instance(name, str, "name")
        if name not in self._views:
            self._views[name] = StoredView(self, name)
        return self._views[name]

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

    def _check(self, i: int) -> None:
        if not -len(self) <= i < len(self):
            raise GraphError(
                f"{self.folder}: there is no network {i}; the set has {len(self)}, from 0"
            )

    def _row(self, i: int) -> tuple[Shard, int]:
        self._check(i)
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
