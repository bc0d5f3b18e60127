"""Reading a finished zoo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphgen.files import Shard, read_index, unpack
from pipelines.zoo.store import FORMAT, VERSION
from spec import Architecture, from_resolved


def open_zoo(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the index of a finished zoo; `GraphError` if the folder holds none.

    open_zoo("out/zoo")["networks"][0]["metrics"]["test_accuracy"]
    """
    return read_index(Path(folder), FORMAT, VERSION)


def read_networks(
    folder: str | os.PathLike[str],
) -> Iterator[tuple[Architecture, dict[str, NDArray[Any]], dict[str, Any]]]:
    """Give each network of a finished zoo: its architecture, its weights and its row of the index.

        for net, weights, record in read_networks("out/zoo"):
            print(record["family"], record["metrics"]["test_accuracy"])

    They come in the order of the index, diverged ones included; weights are read-only views of the
    mapped shards, each of which is verified first. Raises `GraphError` for a damaged one.
    """
    index = open_zoo(folder)
    nets: dict[str, Architecture] = {}
    number, shard = -1, None
    for record in index["networks"]:
        if shard is None or record["shard"] != number:
            number = record["shard"]
            entry = index["shards"][number]
            shard = Shard(Path(folder) / entry["file"])
            shard.verify(entry["sha256"])
        key = record["architecture"]
        if key not in nets:
            nets[key] = from_resolved(index["architectures"][key]["resolved"])
        rows = {column: shard.row(column, record["row"]) for column in shard.columns}
        yield nets[key], unpack(tuple(nets[key].tensors.values()), rows), record
