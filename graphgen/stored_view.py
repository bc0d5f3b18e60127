"""Stored views: what views found of the networks of a graph set, kept in its folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.files import Shard, open_safetensors, read_document
from graphgen.files.document import within
from graphgen.files.sealed import part_path, parts_of, read_part
from graphgen.graph_set_index import INDEX
from graphgen.stored_values import check_values
from graphgen.stored_view_index import NAME, NETWORK, VIEW, check_index

if TYPE_CHECKING:
    from graphgen.graph_set import GraphSet

FOLDER = "views"


def stored_views(folder: Path) -> tuple[str, ...]:
    """List the views that are kept in a graph set's folder."""
    place = folder / FOLDER
    if not place.is_dir():
        return ()
    found = (path.name for path in place.iterdir() if (path / INDEX).exists())
    return tuple(sorted(name for name in found if re.search(NAME, name)))


class StoredView:
    """What one view found of all networks of a graph set.

        view = graph_set.view("spectra")
        view.columns                             # the names of its numbers
        view.values([3, 5])                      # (2, columns); of nodes (2, num_nodes, columns)
        view[3]                                  # the same of one network, memory-mapped

    Attributes:
        name: the view's name in the graph set.
        family: the name of what it is, as `exam` for the view `exam-150`.
        level: `network`, where each network has a row of numbers, or `node`, where each node has.
        columns: the names of its numbers.
        options: those that it was computed with.
        code: the identity of the code that computed it.
        identity: that of all that decides its numbers.
        seconds: of the processor, to `make` it and to `compute` it for all networks.
        target: what it was made for; None of a view that is not made from networks.
        made_of: the networks that it was made from, each with the hash of its content.
    """

    def __init__(self, graph_set: GraphSet, name: str) -> None:
        known = stored_views(graph_set.folder)
        if name not in known:
            raise GraphError(
                f"{graph_set.folder}: there is no view {str(name)[:80]!r}; it has "
                f"{', '.join(known) or 'none'}, and `gmn compile` makes those of `compile: views:`"
            )
        self.folder = graph_set.folder / FOLDER / name
        if not within(graph_set.folder, self.folder):
            raise GraphError(f"{self.folder}: leads out of {graph_set.folder}; put it in its place")
        index = read_document(self.folder / INDEX, VIEW)
        check_index(
            self.folder / INDEX, index, name, graph_set.hash, len(graph_set.index["networks"])
        )
        self.index = index
        self.name: str = index["name"]
        self.family: str = index["view"]
        self.level: str = index["level"]
        self.columns = tuple(index["columns"])
        self.options: dict[str, Any] = index["options"]
        self.code: str = index["code"]
        self.identity: str = index["identity"]
        self.seconds: dict[str, float] = index["seconds"]
        made_of = index.get("made_of", {"target": None, "networks": [], "content": []})
        self.target: str | None = made_of["target"]
        self.made_of: dict[int, str] = dict(
            zip(made_of["networks"], made_of["content"], strict=True)
        )
        self._set = graph_set
        self._shards: dict[int, Shard] = {}

    def __getitem__(self, i: int) -> NDArray[Any]:
        """Give the numbers of a network: (columns,), or (num_nodes, columns)."""
        if not -len(self._set) <= i < len(self._set):
            raise GraphError(
                f"{self.folder}: there is no network {i}; the set has {len(self._set)}, from 0"
            )
        number, row = self._places[self._set.numbers[i]]
        shape: tuple[int, ...] = (len(self.columns),)
        if self.level != NETWORK:
            shape = (self._set.template(i).num_nodes, *shape)
        shard = self._shard(number)
        found = shard.row(self._column, row)
        if found.size != np.prod(shape, dtype=np.int64):
            raise GraphError(
                f"{shard.path}, row {row}: has {found.size} numbers, expected {list(shape)} of "
                f"network {i}"
            )
        return found.reshape(shape)

    def values(self, indices: Sequence[int]) -> NDArray[Any]:
        """Stack the numbers of networks, (len(indices), ...); of nodes, if they have as many."""
        if not len(indices):
            raise GraphError("`indices` is empty; expected those of at least one network")
        rows = [self[i] for i in indices]
        if len({row.shape for row in rows}) > 1:
            raise GraphError(
                f"{self.folder}: these networks have {min(map(len, rows))} to "
                f"{max(map(len, rows))} nodes; expected those of one architecture"
            )
        return np.stack(rows)

    def state(self) -> dict[str, NDArray[Any]]:
        """Give the arrays of its state by name; none of a view that has no state."""
        if "state" not in self.index:
            return {}
        file = open_safetensors(read_part(self.folder, self.index, self.index["state"]))
        return {name: np.array(file[name]) for name in file}

    def verify(self) -> None:
        """Compare every part with its hash; `GraphError` names the file that differs."""
        for number in range(len(self.index["shards"])):
            self._shard(number)
        self.state()

    @cached_property
    def _places(self) -> dict[int, tuple[int, int]]:
        """Say in which shard and row each network is."""
        return {
            i: (number, row)
            for number, shard in enumerate(self.index["shards"])
            for row, i in enumerate(shard["networks"])
        }

    @property
    def _column(self) -> str:
        return f"values.{self.index['dtype']}"

    def _shard(self, number: int) -> Shard:
        if number not in self._shards:
            entry = self.index["shards"][number]
            sha256 = parts_of(self.index)[entry["file"]]
            shard = Shard(part_path(self.folder, entry["file"], sha256))
            shard.verify(sha256)
            if shard.rows != len(entry["networks"]) or shard.columns != (self._column,):
                raise GraphError(
                    f"{shard.path}: has {shard.rows} rows of {', '.join(shard.columns)}, expected "
                    f"{len(entry['networks'])} of {self._column}"
                )
            check_values(shard, self.index["dtype"], "numbers of the view")
            self._shards[number] = shard
        return self._shards[number]
