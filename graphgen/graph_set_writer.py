"""Writing a graph set: shard after shard, and then the index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.dtypes import holds
from graphgen.errors import GraphError
from graphgen.files import pack, write_rows
from graphgen.files.sealed import Replacement
from graphgen.sources import Weights
from spec import Architecture


class Writer:
    """Collects networks into shards, and gives the index at the end; see `GraphSet.write`."""

    def __init__(self, new: Replacement, rows_per_shard: int) -> None:
        self.new = new
        self.rows_per_shard = rows_per_shard
        self.dtypes: list[dict[str, str]] = []
        self.architectures: dict[str, dict[str, Any]] = {}
        self.networks: list[dict[str, Any]] = []
        self.shards: list[dict[str, Any]] = []
        self.rows: list[dict[str, NDArray[Any]]] = []

    def add(self, net: Architecture, weights: Weights, record: dict[str, Any]) -> None:
        """Take a network; `GraphError` if it does not fit, or is not finite."""
        structure = template_of(net)
        graph = structure.bind(weights)
        graph.check_values()
        packed = pack(structure.tensors, graph.tensors)
        self.dtypes.append(
            {
                tensor.name: str(graph.tensors[tensor.name].dtype)
                for tensor in structure.tensors
                if tensor.dtype.startswith("float")
            }
        )
        self.architectures.setdefault(
            net.hash, {"resolved": net.resolved(), "structure": structure.describe()}
        )
        self.networks.append(
            {
                **{key: value for key, value in record.items() if key != "dtypes"},
                "architecture": net.hash,
                "shard": len(self.shards),
                "row": len(self.rows),
            }
        )
        self.rows.append(packed)
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
