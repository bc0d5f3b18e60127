"""Moments of each row's edges in chunks, keeping nothing but the edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.backends.backend import EPS
from metanet.backends.block.edge_update import Workspace, norm_backward, normed
from metanet.backends.block.tiles import chunks_of
from metanet.kernels import Library, library, threads
from metanet.plan import Plan


class CompiledMoments(torch.autograd.Function):
    """`Backend.row_moments` by the kernels."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, kernels: Library, edges: Tensor, norm: bool
    ) -> tuple[Tensor, Tensor]:
        edges, starts = edges.contiguous(), plan.row_starts
        ctx.kernels, ctx.norm = kernels, norm
        first, second = (edges.new_empty(plan.num_rows, edges.shape[1]) for _ in range(2))
        sizes = plan.num_rows, edges.shape[1], norm, EPS, threads()
        kernels.row_moments(edges, starts, first, second, *sizes)
        ctx.save_for_backward(edges, starts)
        return first, second

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_first: Tensor, by_second: Tensor) -> tuple[Tensor | None, ...]:
        edges, starts = ctx.saved_tensors
        result = torch.empty_like(edges)
        ctx.kernels.row_moments_backward(
            edges, starts, by_first.contiguous(), by_second.contiguous(), result, len(starts) - 1,
            edges.shape[1], ctx.norm, EPS, threads(),
        )  # fmt: skip
        return None, None, result, None


def row_moments(plan: Plan, edges: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
    """Apply what there is."""
    kernels = library(edges)
    result: tuple[Tensor, Tensor] = (
        RowMoments.apply(plan, edges, norm)
        if kernels is None
        else CompiledMoments.apply(plan, kernels, edges, norm)
    )
    return result


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
            own = edges[chunk.start : chunk.stop]
            states, scale = normed(own, ctx.norm, space)
            grad = space("gradient", chunk.size)
            for tile in chunk.tiles:
                constant, _ = tile.from_rows(by_first, grad)
                slope, written = tile.from_rows(by_second, grad)
                _, read = tile.from_rows(by_second, states)
                torch.mul(read, slope, out=written)
                written.add_(constant)
            if scale is not None:
                grad.mul_(scale)
            norm_backward(grad, own, scale, None, result[chunk.start : chunk.stop])
        return None, result, None
