"""Reading a finished zoo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphgen.errors import concerning
from graphgen.files import read_document, unpack
from graphgen.graph_set import open_shard, read_architecture
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
    folder = Path(folder)
    index = open_zoo(folder)
    nets: dict[str, Architecture] = {}
    number, shard = -1, None
    for record in index["networks"]:
        if shard is None or record["shard"] != number:
            number = record["shard"]
            shard = open_shard(folder, index["shards"][number])
        key = record["architecture"]
        if key not in nets:
            resolved = index["architectures"][key]["resolved"]
            nets[key] = read_architecture(folder / INDEX, key, resolved)
        rows = {column: shard.row(column, record["row"]) for column in shard.columns}
        with concerning(f"{shard.path}, row {record['row']}"):
            weights = unpack(tuple(nets[key].tensors.values()), rows)
        yield nets[key], weights, record
