"""The block backend: strided views of node states, no gather and no scatter."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.plan import End, Plan


class BlockBackend:
    """Adds node states to edges by broadcasting, and sums edges over a block's axes.

    An edge block is a grid; along an axis where the node index has stride 0 a node state is the
    same, so it is broadcast one way and summed the other way.
    """

    name: ClassVar[str] = "block"

    def spread(
        self,
        plan: Plan,
        edges: Tensor,
        from_source: Tensor,
        from_target: Tensor,
        per_block: Tensor,
    ) -> Tensor:
        """Add to each edge the states of its source, its target, and its block."""
        result: Tensor = _Spread.apply(plan, edges, from_source, from_target, per_block)
        return result

    def to_target(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum, or average by block, each node's incoming edges."""
        result: Tensor = _Collect.apply(plan, edges, "target", mean)
        return result

    def to_source(self, plan: Plan, edges: Tensor, mean: bool) -> Tensor:
        """Sum, or average by block, each node's outgoing edges."""
        result: Tensor = _Collect.apply(plan, edges, "source", mean)
        return result

    def to_block(self, plan: Plan, edges: Tensor) -> Tensor:
        """Average the edges of each block of each network."""
        result: Tensor = _Pool.apply(plan, edges)
        return result


def strided(nodes: Tensor, end: End) -> Tensor:
    """View contiguous node states (nodes, h) as (networks, *sizes, h) of one end of a block."""
    width = nodes.shape[1]
    return nodes.as_strided(
        (*end.sizes, width),
        (*(stride * width for stride in end.strides), 1),
        nodes.storage_offset() + end.start * width,
    )


def collect(plan: Plan, edges: Tensor, which: str, mean: bool) -> Tensor:
    """Sum edges into the nodes at one end."""
    width = edges.shape[1]
    nodes = edges.new_zeros(plan.num_nodes, width)
    for piece in plan.slices:
        end: End = getattr(piece, which)
        block = edges[piece.start : piece.stop].view(*piece.view, width)
        total = block.sum(end.summed, keepdim=True) if end.summed else block
        strided(nodes, end).add_(total, alpha=1 / end.fan if mean else 1)
    return nodes


def distribute(plan: Plan, nodes: Tensor, edges: Tensor, which: str, mean: bool) -> None:
    """Add node states to the edges at one end, in place."""
    width = edges.shape[1]
    nodes = nodes.contiguous()
    for piece in plan.slices:
        end: End = getattr(piece, which)
        block = edges[piece.start : piece.stop].view(*piece.view, width)
        block.add_(strided(nodes, end), alpha=1 / end.fan if mean else 1)


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, plan: Plan, edges: Tensor, source: Tensor, target: Tensor, per_block: Tensor
    ) -> Tensor:
        ctx.plan = plan
        width = edges.shape[1]
        source, target = source.contiguous(), target.contiguous()
        for piece in plan.slices:
            block = edges[piece.start : piece.stop].view(*piece.view, width)
            block.add_(strided(source, piece.source))
            block.add_(strided(target, piece.target) + per_block[piece.index])
        ctx.mark_dirty(edges)
        return edges

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        plan, grad = ctx.plan, grad.contiguous()
        width = grad.shape[1]
        source = grad.new_zeros(plan.num_nodes, width)
        target = grad.new_zeros(plan.num_nodes, width)
        per_block = grad.new_empty(plan.num_blocks, width)
        for piece in plan.slices:
            block = grad[piece.start : piece.stop].view(*piece.view, width)
            ends = (piece.source, piece.target)
            at_source, at_target = (
                block.sum(end.summed, keepdim=True) if end.summed else block for end in ends
            )
            strided(source, piece.source).add_(at_source)
            strided(target, piece.target).add_(at_target)
            torch.sum(at_target.reshape(-1, width), 0, out=per_block[piece.index])
        return None, grad, source, target, per_block


class _Collect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, edges: Tensor, which: str, mean: bool) -> Tensor:
        ctx.plan, ctx.which, ctx.mean, ctx.size = plan, which, mean, edges.shape
        return collect(plan, edges.contiguous(), which, mean)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        edges = grad.new_zeros(ctx.size)
        distribute(ctx.plan, grad, edges, ctx.which, ctx.mean)
        return None, edges, None, None


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, edges: Tensor) -> Tensor:
        ctx.plan, ctx.size = plan, edges.shape
        width = edges.shape[1]
        rows = edges.new_empty(plan.num_rows, width)
        for piece in plan.slices:
            block = edges[piece.start : piece.stop].view(piece.networks, -1, width)
            torch.mean(block, 1, out=rows[piece.rows])
        return rows

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        plan = ctx.plan
        width = grad.shape[1]
        edges = grad.new_empty(ctx.size)
        for piece in plan.slices:
            block = edges[piece.start : piece.stop].view(piece.networks, -1, width)
            block.copy_((grad[piece.rows] / block.shape[1]).unsqueeze(1).expand_as(block))
        return None, edges
