"""Writing a stored view: shard after shard of its numbers, its state, and then the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.files import write_safetensors
from graphgen.files.ragged import write_shard
from graphgen.files.sealed import Replacement

STATE = "state.safetensors"
MOST_NUMBERS, MOST_NETWORKS = 1 << 24, 1 << 14
"""Of a shard; one network may have more numbers."""


class ViewWriter:
    """Collects the numbers of networks into shards, and seals the view at the end."""

    def __init__(self, new: Replacement, dtype: str) -> None:
        self.new = new
        self.dtype = dtype
        self.shards: list[dict[str, Any]] = []
        self.networks: list[int] = []
        self.rows: list[NDArray[Any]] = []
        self.numbers = 0

    def add(self, networks: Sequence[int], rows: Sequence[NDArray[Any]]) -> None:
        """Take the numbers of networks, of any shape each."""
        for network, row in zip(networks, rows, strict=True):
            if self.rows and self.numbers + row.size > MOST_NUMBERS:
                self.flush()
            self.networks.append(network)
            self.rows.append(row.reshape(-1).astype(np.dtype(self.dtype), copy=False))
            self.numbers += row.size
            if len(self.rows) == MOST_NETWORKS:
                self.flush()

    def flush(self) -> None:
        """Write the shard that was begun."""
        if not self.rows:
            return
        name, rows = f"shard-{len(self.shards):05d}.safetensors", self.rows
        self.new.add(name, lambda path: write_shard(path, {f"values.{self.dtype}": rows}, {}))
        self.shards.append({"file": name, "networks": self.networks})
        self.networks, self.rows, self.numbers = [], [], 0

    def finish(
        self, content: Mapping[str, Any], state: Mapping[str, NDArray[Any]]
    ) -> dict[str, Any]:
        """Write the state and the index, and give the index."""
        self.flush()
        own = {}
        if state:
            self.new.add(STATE, lambda path: write_safetensors(path, dict(state)))
            own = {"state": STATE}
        about = {**content, **own, "dtype": self.dtype, "shards": self.shards}
        return self.new.commit({**about, "parts": self.new.parts})
