"""The reference backend: an explicit edge index, and torch_geometric's gather and scatter."""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from metanet.plan import BlockSlice, Plan


class PygBackend:
    """Does what the block backend does, edge by edge; its oracle in tests."""

    name: ClassVar[str] = "pyg"

    def __init__(self) -> None:
        self._indices: WeakKeyDictionary[Plan, Index] = WeakKeyDictionary()

    def _index(self, plan: Plan) -> Index:
        if plan not in self._indices:
            self._indices[plan] = Index(plan)
        return self._indices[plan]

    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_block: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its block."""
        index = self._index(plan)
        return (
            edges + from_source[index.source] + from_target[index.target] + per_block[index.block]
        )

    def to_target(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum, or average by block, each node's incoming edges."""
        index = self._index(plan)
        scaled = edges / index.fan_in.to(edges.dtype)[index.block, None] if mean else edges
        return scatter(scaled, index.target, 0, plan.num_nodes, "sum")

    def to_source(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum, or average by block, each node's outgoing edges."""
        index = self._index(plan)
        scaled = edges / index.fan_out.to(edges.dtype)[index.block, None] if mean else edges
        return scatter(scaled, index.source, 0, plan.num_nodes, "sum")

    def to_block(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network."""
        return scatter(edges, self._index(plan).row, 0, plan.num_rows, "mean")


class Index:
    """Source, target, block and row of every edge of a plan, int64 (num_edges,)."""

    def __init__(self, plan: Plan) -> None:
        source, target, block, row = [], [], [], []
        for piece in plan.slices:
            source.append(node_index(piece, "source"))
            target.append(node_index(piece, "target"))
            block.append(torch.full((piece.stop - piece.start,), piece.index))
            rows = torch.arange(piece.rows.start, piece.rows.stop)
            row.append(rows.repeat_interleave(piece.block.num_edges))
        self.source, self.target = torch.cat(source), torch.cat(target)
        self.block, self.row = torch.cat(block), torch.cat(row)
        self.fan_in = torch.tensor([piece.target.fan for piece in plan.slices])
        self.fan_out = torch.tensor([piece.source.fan for piece in plan.slices])


def node_index(piece: BlockSlice, which: str) -> Tensor:
    """Write out the affine map of one end, int64 (edges of the slice,)."""
    end = getattr(piece, which)
    index = torch.full((1,) * len(piece.view), end.start)
    for axis, (size, stride) in enumerate(zip(end.sizes, end.strides, strict=True)):
        shape = [-1 if i == axis else 1 for i in range(len(piece.view))]
        index = index + (torch.arange(size) * stride).view(shape)
    return index.expand(piece.view).reshape(-1)
