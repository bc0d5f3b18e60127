"""The reference backend: an explicit edge index, and torch_geometric's gather and scatter."""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch_geometric.utils import scatter

from metanet.backends.backend import POWERS, Backend
from metanet.plan import BlockSlice, Plan


class PygBackend(Backend):
    """Does what the block backend does, edge by edge; its oracle in tests."""

    name: ClassVar[str] = "pyg"

    def __init__(self) -> None:
        self._indices: WeakKeyDictionary[Plan, Index] = WeakKeyDictionary()

    def _index(self, plan: Plan) -> Index:
        if plan not in self._indices:
            with torch.inference_mode(False):
                self._indices[plan] = Index(plan)
        return self._indices[plan]

    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_row: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its row."""
        index = self._index(plan)
        return edges + from_source[index.source] + from_target[index.target] + per_row[index.row]

    def to_target(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Collect each node's incoming edges."""
        index = self._index(plan)
        scaled = edges * index.fan_in.to(edges.dtype) ** POWERS[aggregation]
        return scatter(scaled, index.target, 0, plan.num_nodes, "sum")

    def to_source(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Collect each node's outgoing edges."""
        index = self._index(plan)
        scaled = edges * index.fan_out.to(edges.dtype) ** POWERS[aggregation]
        return scatter(scaled, index.source, 0, plan.num_nodes, "sum")

    def to_row(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network."""
        return scatter(edges, self._index(plan).row, 0, plan.num_rows, "mean")

    def from_source(self, plan: Plan, nodes: Tensor) -> Tensor:
        """Give each edge the state of its source."""
        return nodes[self._index(plan).source]


class Index:
    """Source, target and row of every edge of a plan, int64 (num_edges,), and its fans."""

    def __init__(self, plan: Plan) -> None:
        self.source, self.target, self.row = (
            torch.from_numpy(np.concatenate([node_index(p, which) for p in plan.slices])).to(
                plan.device
            )
            for which in ("source", "target", "row")
        )
        counts = torch.tensor([piece.stop - piece.start for piece in plan.slices])
        self.fan_in, self.fan_out = (
            torch.tensor([getattr(piece, which).fan for piece in plan.slices])
            .repeat_interleave(counts)
            .unsqueeze(1)
            .to(plan.device)
            for which in ("target", "source")
        )


def node_index(piece: BlockSlice, which: str) -> np.ndarray:
    """Write out the affine map of one end, int64 (edges of the slice,)."""
    end = getattr(piece, which)
    index = np.full(piece.view, end.start, dtype=np.int64)
    for axis, (size, stride) in enumerate(zip(end.sizes, end.strides, strict=True)):
        shape = [-1 if i == axis else 1 for i in range(len(piece.view))]
        index += (np.arange(size) * stride).reshape(shape)
    return index.reshape(-1)
