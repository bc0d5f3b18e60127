"""What a predictor reads of networks: their numbers, by views that need no data, and anatomies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graphgen import Graph
from metanet.batch import Batch
from metanet.models.statnn import legible
from metanet.models.view_inputs import ViewInputs
from metanet.predictor.anatomy import Anatomy
from metanet.views.pooling import STATISTICS
from metanet.views.view import NETWORK, architecture_of_part

VIEWS = ("statistics", "spectra", "initialisation", "function", "rows")
SIZES = ("log_parameters", "log_width", "depth", "log_classes")
TOGETHER = 64


@dataclass(frozen=True)
class Table:
    """Numbers of networks, float32 (networks, columns), and what each is made of."""

    numbers: NDArray[np.float32]
    anatomies: tuple[Anatomy, ...]

    def __len__(self) -> int:
        return len(self.anatomies)

    def __getitem__(self, chosen: NDArray[np.int64] | Sequence[int]) -> Table:
        places = np.asarray(chosen, dtype=np.int64)
        return Table(self.numbers[places], tuple(self.anatomies[i] for i in places))

    @classmethod
    def join(cls, tables: Iterable[Table]) -> Table:
        """Put tables one behind the other."""
        every = list(tables)
        numbers = np.concatenate([one.numbers for one in every])
        return cls(numbers, tuple(a for one in every for a in one.anatomies))


def inputs() -> ViewInputs:
    """Give what reads the views: it computes those that a batch does not bring."""
    return ViewInputs(VIEWS, pooled=True)


def columns() -> tuple[str, ...]:
    """Name the numbers: those of the views, each with its view's name, then the sizes."""
    kept = inputs()
    named = [f"{one.name}: {column}" for one in kept.of(NETWORK) for column in one.columns]
    named += [
        f"{one.name}: {how} of {column}"
        for one in kept.all()
        if one.level != NETWORK
        for how in STATISTICS
        for column in one.columns
    ]
    return (*named, *(f"size: {name}" for name in SIZES))


def table_of(graphs: Sequence[Graph]) -> Table:
    """Read networks.

        table_of(graphs).numbers.shape           # (networks, len(columns()))

    Raises `MetanetError` for graphs of which a view cannot be computed.
    """
    tables = [
        table_of_batch(Batch.from_graphs(graphs[i : i + TOGETHER]))
        for i in range(0, len(graphs), TOGETHER)
    ]
    return Table.join(tables)


def table_of_batch(batch: Batch) -> Table:
    """Read the networks of a batch, with the views that it brings."""
    with torch.no_grad():
        seen = legible(inputs().numbers(batch)).numpy()
    anatomies: dict[int, Anatomy] = {}
    for part in batch.parts:
        anatomies |= dict.fromkeys(part.positions, Anatomy.of(architecture_of_part(part)))
    ordered = tuple(anatomies[place] for place in range(len(seen)))
    sizes = np.array([sizes_of(one) for one in ordered], dtype=np.float32)
    return Table(np.concatenate([seen, sizes], axis=1), ordered)


def sizes_of(one: Anatomy) -> list[float]:
    """Give the sizes of a network as numbers."""
    counts = np.log10([one.parameters + 1, one.width + 1])
    return [float(counts[0]), float(counts[1]), float(one.depth), float(np.log10(one.classes + 1))]
