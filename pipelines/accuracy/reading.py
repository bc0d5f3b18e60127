"""Reading the networks of graph sets for a predictor, with the views that the sets keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet
from metanet import Batch
from metanet.predictor.controls import controls_of
from metanet.predictor.table import Table, inputs, table_of, table_of_batch
from pipelines.tasks.targets import read_values
from pipelines.tasks.views import with_views

TOGETHER = 64


@dataclass(frozen=True)
class Networks:
    """Networks that were read, their accuracies, and of which zoo and family each is."""

    table: Table
    accuracies: NDArray[np.float64]
    zoos: NDArray[np.str_]
    families: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, chosen: NDArray[np.int64] | Sequence[int]) -> Networks:
        places = np.asarray(chosen, dtype=np.int64)
        own = (self.accuracies[places], self.zoos[places], self.families[places])
        return Networks(self.table[places], *own)

    @classmethod
    def join(cls, several: Sequence[Networks]) -> Networks:
        """Put networks one behind the other."""
        return cls(
            Table.join(one.table for one in several),
            np.concatenate([one.accuracies for one in several]),
            np.concatenate([one.zoos for one in several]),
            np.concatenate([one.families for one in several]),
        )


def read_networks(zoo: str, graph_set: GraphSet, target: str, chosen: Sequence[int]) -> Networks:
    """Read some networks of a graph set; `PipelineError` if one lacks the target."""
    # Those of one architecture come one after the other, so that they are read together.
    ordered = sorted(chosen, key=lambda i: str(graph_set.records[i]["architecture"]))
    kept = inputs()
    tables = []
    for place in range(0, len(ordered), TOGETHER):
        own = ordered[place : place + TOGETHER]
        tables.append(
            table_of_batch(with_views(Batch.from_set(graph_set, own), graph_set, own, kept))
        )
    values = read_values(graph_set, target)
    records: list[dict[str, Any]] = [graph_set.records[i] for i in ordered]
    return Networks(
        Table.join(tables),
        np.array([values[i] for i in ordered], dtype=np.float64),
        np.array([zoo] * len(ordered)),
        np.array([str(record.get("family", "unknown")) for record in records]),
    )


def read_controls(
    graph_set: GraphSet, chosen: Sequence[int], share: float, rng: np.random.Generator
) -> tuple[Table | None, NDArray[np.float64]]:
    """Make networks that learned nothing of some of a graph set's, and read them."""
    some = rng.permutation(np.asarray(chosen))[: round(share * len(chosen))]
    made, accuracies = controls_of([graph_set[int(i)] for i in some], 1.0, rng)
    return (table_of(made) if made else None), accuracies
