"""Reading a finished zoo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphgen.errors import concerning
from graphgen.files import Shard, read_document, unpack
from graphgen.graph_set import open_shard, read_architecture
from pipelines.errors import PipelineError
from pipelines.zoo.consistency import check_zoo
from pipelines.zoo.index import INDEX, ZOO
from spec import Architecture


def open_zoo(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the index of a finished zoo; `GraphError` if the folder holds none, or a damaged one.

    open_zoo("out/zoo")["networks"][0]["metrics"]["test_accuracy"]
    """
    index = read_document(Path(folder) / INDEX, ZOO)
    check_zoo(Path(folder) / INDEX, index)
    return index


def read_networks(
    folder: str | os.PathLike[str],
) -> Iterator[tuple[Architecture, dict[str, NDArray[Any]], dict[str, Any]]]:
    """Give each network of a finished zoo: its architecture, its weights and its row of the index.

        for net, weights, record in read_networks("out/zoo"):
            print(record["family"], record["metrics"]["test_accuracy"])

    They come in the order of the index, diverged ones included; weights are read-only views of the
    mapped shards, each of which is verified first. Raises `GraphError` for a damaged one.
    """
    zoo = OpenZoo(folder)
    for number, record in enumerate(zoo.index["networks"]):
        yield *zoo.network(number), record


class OpenZoo:
    """A finished zoo whose networks are read one by one, each by its place in the index."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.index = open_zoo(folder)
        self._nets: dict[str, Architecture] = {}
        self._shard: tuple[int, Shard] | None = None

    def network(self, number: int) -> tuple[Architecture, dict[str, NDArray[Any]]]:
        """Give the architecture and the weights of a network; `GraphError` for damaged ones."""
        record = self.index["networks"][number]
        if self._shard is None or self._shard[0] != record["shard"]:
            entry = self.index["shards"][record["shard"]]
            self._shard = record["shard"], open_shard(self.folder, entry)
        shard = self._shard[1]
        key = record["architecture"]
        if key not in self._nets:
            resolved = self.index["architectures"][key]["resolved"]
            needs = self.index.get("made", {}).get("how", {}).get("plugins", {})
            self._nets[key] = read_architecture(self.folder / INDEX, key, resolved, needs)
        net = self._nets[key]
        rows = {column: shard.row(column, record["row"]) for column in shard.columns}
        with concerning(f"{shard.path}, row {record['row']}"):
            return net, unpack(tuple(net.tensors.values()), rows)


@lru_cache(maxsize=1)
def opened_zoo(folder: str, identity: str) -> OpenZoo:
    """Open the zoo that has an identity, once in a process; `PipelineError` if it is another."""
    zoo = OpenZoo(folder)
    if zoo.index["hash"] != identity:
        raise PipelineError(
            f"{folder}: the zoo was replaced while it was read; run the same command again"
        )
    return zoo
