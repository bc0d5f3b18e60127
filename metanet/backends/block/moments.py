"""Moments of each row's edges in chunks, keeping nothing but the edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.backends.block.edge_update import Workspace, norm_backward, normed
from metanet.backends.block.tiles import chunks_of
from metanet.plan import Plan


class RowMoments(torch.autograd.Function):
    """`Backend.row_moments`."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, edges: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        ctx.plan, ctx.norm = plan, norm
        edges = edges.contiguous()
        chunks = chunks_of(plan, edges)
        space = Workspace(chunks, edges)
        first = edges.new_zeros(plan.num_rows, edges.shape[1])
        second = torch.zeros_like(first)
        for chunk in chunks:
            states, _ = normed(edges[chunk.start : chunk.stop], norm, space)
            squares = torch.mul(states, states, out=space("squares", chunk.size))
            for tile in chunk.tiles:
                tile.collect_rows(states, first)
                tile.collect_rows(squares, second)
        ctx.save_for_backward(edges)
        count = plan.row_edges.to(edges.dtype).unsqueeze(1)
        return first.div_(count), second.div_(count)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_first: Tensor, by_second: Tensor) -> tuple[Tensor | None, ...]:
        plan, (edges,) = ctx.plan, ctx.saved_tensors
        count = plan.row_edges.to(edges.dtype).unsqueeze(1)
        by_first, by_second = by_first / count, 2 * by_second / count
        chunks = chunks_of(plan, edges)
        space = Workspace(chunks, edges)
        result = torch.empty_like(edges)
        for chunk in chunks:
            states, scale = normed(edges[chunk.start : chunk.stop], ctx.norm, space)
            grad = space("gradient", chunk.size)
            for tile in chunk.tiles:
                constant, _ = tile.from_rows(by_first, grad)
                slope, written = tile.from_rows(by_second, grad)
                _, own = tile.from_rows(by_second, states)
                torch.mul(own, slope, out=written)
                written.add_(constant)
            norm_backward(grad, states, scale, None, result[chunk.start : chunk.stop])
        return None, result, None
