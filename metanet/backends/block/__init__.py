"""The block backend: strided views of node states, no gather and no scatter for large blocks."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from metanet.backends.backend import Backend, EdgeRule, EdgeWeights
from metanet.backends.block.edge_update import update_edges
from metanet.backends.block.moments import row_moments
from metanet.backends.block.moves import Average, Collect, Spread
from metanet.plan import Plan
from metanet.uncompiled import uncompiled


class BlockBackend(Backend):
    """Adds node states to edges by broadcasting, and sums edges over a block's axes.

    An edge block is a grid; along an axis where the node index has stride 0 a node state is the
    same, so it is broadcast one way and summed the other way. Edges are worked on in chunks that
    stay in the cache (`tiles`), from norm to new state; small blocks share a chunk and an index.
    """

    name: ClassVar[str] = "block"

    @uncompiled
    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_row: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its row."""
        result: Tensor = Spread.apply(plan, edges, from_source, from_target, per_row)
        return result

    @uncompiled
    def to_target(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Collect each node's incoming edges."""
        result: tuple[Tensor, Tensor] = Collect.apply(plan, edges, aggregation)
        return result[0]

    @uncompiled
    def to_source(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Collect each node's outgoing edges."""
        result: tuple[Tensor, Tensor] = Collect.apply(plan, edges, aggregation)
        return result[1]

    @uncompiled
    def to_row(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network."""
        result: Tensor = Average.apply(plan, edges)
        return result

    @uncompiled
    def update_edges(
        self,
        plan: Plan,
        rule: EdgeRule,
        weights: EdgeWeights,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_row: Tensor,
        factor: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Send messages and update the edges, chunk by chunk."""
        return update_edges(plan, rule, weights, edges, from_source, from_target, per_row, factor)

    @uncompiled
    def row_moments(self, plan: Plan, edges: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        """Average each row's edges and their squares, chunk by chunk."""
        return row_moments(plan, edges, norm)
