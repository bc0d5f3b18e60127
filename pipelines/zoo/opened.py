"""A finished zoo as a sequence of networks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgen.graph_set_records import column
from pipelines.errors import PipelineError
from pipelines.zoo.reading import OpenZoo
from spec import Architecture

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Network:
    """A network of a zoo: its architecture, its weights by name, and what the index says of it."""

    net: Architecture
    weights: Mapping[str, NDArray[np.generic]]
    record: Mapping[str, Any]


class Zoo:
    """A finished zoo, opened: a sequence of networks, those that diverged among them.

        zoo = pipelines.Zoo.open("out/zoo")
        len(zoo), zoo[-1].net, zoo[-1].weights        # weights are views of mapped files
        zoo.records[0]["metrics"]["test_accuracy"]
        zoo.column("family")

    Raises `GraphError` if the folder holds none, or a damaged one.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._zoo = OpenZoo(folder)
        self.folder = Path(folder)
        self.index = self._zoo.index
        self.records: list[dict[str, Any]] = self.index["networks"]

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Zoo:
        """Open a zoo."""
        return cls(folder)

    @property
    def hash(self) -> str:
        """The content's identity."""
        return str(self.index["hash"])

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, i: int) -> Network:
        if isinstance(i, bool) or not isinstance(i, Integral) or not -len(self) <= i < len(self):
            raise PipelineError(
                f"{self.folder}: there is no network {i!r:.80}; the zoo has {len(self)}, from 0"
            )
        number = int(i) % len(self)
        return Network(*self._zoo.network(number), self.records[number])

    def __iter__(self) -> Iterator[Network]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        nets = len(self.index["architectures"])
        return f"<zoo {self.folder}: {len(self)} networks, {nets} architectures>"

    def column(self, name: str) -> NDArray[Any]:
        """Give what all records say under a name, in an array; see `graphgen.GraphSet.column`."""
        return column(self.records, name, str(self.folder))

    def to_pandas(self) -> DataFrame:
        """Give the records as a `pandas.DataFrame`; see `graphgen.GraphSet.to_pandas`."""
        from graphgen.export import to_pandas

        return to_pandas(self.records)
