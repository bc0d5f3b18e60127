"""What a metanet asks of a backend: to move states between edges and nodes."""

from __future__ import annotations

from typing import ClassVar, Protocol

from torch import Tensor

from metanet.plan import Plan


class Backend(Protocol):
    """Moves states of width h between nodes, edges and blocks of a plan.

    Every method is differentiable. Edges are (num_edges, h), nodes (num_nodes, h).
    """

    name: ClassVar[str]

    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_block: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its block.

        `edges` may be overwritten.
        """

    def to_target(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum each node's incoming edges; `mean`: average within each block, then sum blocks."""

    def to_source(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum each node's outgoing edges; `mean`: average within each block, then sum blocks."""

    def to_block(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network, (num_rows, h)."""
