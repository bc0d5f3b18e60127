"""Graph sets: many networks' graphs on disk, memory-mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

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
from graphgen.graph_set_map import apply_to_each
from graphgen.graph_set_records import chosen, column
from graphgen.graph_set_writer import Network, Packed, Writer
from graphgen.stored_values import check_values
from graphgen.stored_view import StoredView, stored_views
from graphgen.template import Template
from spec import Architecture

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")

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
        graphs[-1], graphs[:100]      # the last one; the first hundred, a set again
        tests = graphs.select(split="test")
        sizes = tests.map(lambda graph: graph.num_nodes)

    It is a sequence of graphs. A part of it reads the same folder, and no more than it is asked
    for; `numbers` says which networks of the folder are in it.

    In a shard, a network is one row of each column; a column `values.<dtype>` holds its tensors of
    that dtype, flattened one after the other in the architecture's order. The set's `dtype` holds
    all floats; a record's `dtypes` are those of the network's tensors that have another.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = folder
        self.index = index
        self.records: list[dict[str, Any]] = index["networks"]
        self.numbers: Sequence[int] = range(len(self.records))
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

    def __iter__(self) -> Iterator[Graph]:
        return (self[i] for i in range(len(self)))

    def __reversed__(self) -> Iterator[Graph]:
        return (self[i] for i in reversed(range(len(self))))

    def __repr__(self) -> str:
        part = "" if len(self) == len(self.index["networks"]) else " of them chosen"
        nets = len({record["architecture"] for record in self.records})
        return f"<graph set {self.folder}: {len(self)} networks{part}, {nets} architectures>"

    @property
    def hash(self) -> str:
        """The identity of what the folder holds, whichever part of it this is."""
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

    @overload
    def __getitem__(self, i: int) -> Graph: ...

    @overload
    def __getitem__(self, i: slice | Sequence[int] | NDArray[Any]) -> GraphSet: ...

    def __getitem__(self, i: int | slice | Sequence[int] | NDArray[Any]) -> Graph | GraphSet:
        """Give a network's graph, from the end for a negative number; or a part of the set.

        A part is that of a slice, of a list of numbers, or of an array of them or of booleans.
        Raises `GraphError` for a number that the set does not have.
        """
        if not isinstance(i, Integral) or isinstance(i, bool):
            return self.part(chosen(i, len(self), str(self.folder)))
        i = int(i)
        self._check(i)
        template = self.template(i)
        shard, row = self._row(i)
        columns = {c: shard.row(c, row) for c in shard.columns}
        with concerning(f"{shard.path}, row {row}"):
            return template.bind(unpack(template.tensors, columns, self._dtypes(i)))

    def part(self, numbers: Iterable[int]) -> GraphSet:
        """Give the networks of these numbers, in this order, as a set that reads the same files."""
        wanted = list(numbers)
        for i in wanted:
            self._check(i)
        part = GraphSet(self.folder, self.index)
        part.records = [self.records[i] for i in wanted]
        part.numbers = [self.numbers[i] for i in wanted]
        part._shards, part._templates = self._shards, self._templates
        part.__dict__["architectures"] = self.architectures
        return part

    def select(
        self,
        *,
        split: str | Sequence[str] | None = None,
        family: str | Sequence[str] | None = None,
        where: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> GraphSet:
        """Choose networks by their records: those of a split, a family, or several, and `where`.

            graphs.select(split="test", where=lambda r: r["metrics"]["test_accuracy"] > 0.8)

        Nothing is read. A set of which no network is chosen is empty.
        """
        wanted = {"split": split, "family": family}
        admitted = {
            key: {value} if isinstance(value, str) else set(value)
            for key, value in wanted.items()
            if value is not None
        }
        return self.part(
            i
            for i, record in enumerate(self.records)
            if all(record.get(key) in values for key, values in admitted.items())
            and (where is None or where(record))
        )

    def map(self, function: Callable[[Graph], T], *, workers: int = 1) -> list[T]:
        """Apply a function to each graph, and give the results in the order of the networks.

            sizes = graphs.map(lambda graph: graph.num_edges)

        With several `workers`, processes share the work: `function` is then one that can be
        imported, and its results are pickled.
        """
        return apply_to_each(self, function, workers)

    def column(self, name: str) -> NDArray[Any]:
        """Give what all records say under a name, in an array; dots lead into what is nested.

            y = graphs.column("metrics.test_accuracy")

        Raises `GraphError` for a name that a record lacks.
        """
        return column(self.records, name, str(self.folder))

    def to_pandas(self) -> DataFrame:
        """Give the records as a `pandas.DataFrame`, a row for each network.

            graphs.to_pandas().groupby("family")["metrics.test_accuracy"].mean()

        What is nested has a column for each name, with dots between.
        """
        from graphgen.export.pandas import to_pandas

        return to_pandas(self.records)

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
