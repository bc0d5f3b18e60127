"""What a metanet asks of a backend: to move states between edges and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from metanet.plan import Plan

EPS = 1e-6
POWERS = {"sum": 0.0, "root": -0.5, "mean": -1.0}
"""How a node collects messages of a block: their sum, times which power of their number."""


@dataclass(frozen=True)
class EdgeRule:
    """How edges are updated: see `Backend.update_edges`.

    `norm`: whether edges pass an RMS norm first. `activation`: `silu` or `relu`. `aggregation`:
    how nodes collect the messages of each block, of `POWERS`. `checkpoint`: whether the backward
    pass computes the inner map again, instead of keeping it.
    """

    norm: bool = True
    activation: str = "silu"
    aggregation: str = "mean"
    checkpoint: bool = False


@dataclass(frozen=True)
class EdgeWeights:
    """The weights of an edge update, each (h, h); with `factor`, messages multiply states.

    `outer` may be a vector (h,): then messages are scaled channel by channel.
    """

    inner: Tensor
    outer: Tensor
    factor: Tensor | None = None


class Backend(Protocol):
    """Moves states of width h between nodes, edges and rows (blocks of networks) of a plan.

    Every method is differentiable. Edges are (num_edges, h), nodes (num_nodes, h), rows
    (num_rows, h). The first four are what a backend is; the others are made of them, and a backend
    may do better.
    """

    name: ClassVar[str]

    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_row: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its row."""

    def to_target(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Sum each node's incoming edges, those of a block times `share` of their number."""

    def to_source(self, plan: Plan, edges: Tensor, aggregation: str) -> Tensor:
        """Sum each node's outgoing edges, those of a block times `share` of their number."""

    def to_row(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network, (num_rows, h)."""

    def from_source(self, plan: Plan, nodes: Tensor) -> Tensor:
        """Give each edge the state of its source."""
        edges = nodes.new_zeros(plan.num_edges, nodes.shape[1])
        none = nodes.new_zeros(plan.num_rows, nodes.shape[1])
        return self.spread(plan, edges, nodes, torch.zeros_like(nodes), none)

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
        """Send messages along all edges, and update the edges by them.

            n = rms_norm(e)
            m = act(inner n + from_source + from_target + per_row [+ (factor n) * source factor])
            e + outer m,  messages at their targets,  messages at their sources

        where `outer m` is a product by a matrix, or channel by channel by a vector.

        The results have the shapes of edges, nodes and nodes. Where nothing needs a gradient,
        `edges` may be overwritten.
        """
        normed = rms_norm(edges) if rule.norm else edges
        inner = normed @ weights.inner.T
        if weights.factor is not None and factor is not None:
            inner = inner + (normed @ weights.factor.T) * self.from_source(plan, factor)
        messages = self.spread(plan, inner, from_source, from_target, per_row)
        act = torch.nn.functional.silu if rule.activation == "silu" else torch.relu
        messages, outer = act(messages), weights.outer
        return (
            edges + (messages * outer if outer.dim() == 1 else messages @ outer.T),
            self.to_target(plan, messages, rule.aggregation),
            self.to_source(plan, messages, rule.aggregation),
        )

    def row_moments(self, plan: Plan, edges: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        """Average each row's edges, after an RMS norm if `norm`, and their squares."""
        normed = rms_norm(edges) if norm else edges
        return self.to_row(plan, normed), self.to_row(plan, normed.square())


def share(count: float, aggregation: str) -> float:
    """Give what each of `count` messages is multiplied by."""
    return float(count ** POWERS[aggregation])


def rms_norm(states: Tensor) -> Tensor:
    """Divide each row by its root mean square (Zhang and Sennrich, 2019), without weights."""
    width = states.shape[1]
    squares = torch.linalg.vector_norm(states, dim=1, keepdim=True).square() / width
    return states * (squares + EPS).rsqrt()
