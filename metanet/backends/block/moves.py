"""The single moves between nodes, edges and rows, tile by tile."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.backends.block.tiles import chunks_of
from metanet.plan import Plan


class Spread(torch.autograd.Function):
    """`Backend.spread`."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor
    ) -> Tensor:
        ctx.plan = plan
        source, target, rows = source.contiguous(), target.contiguous(), rows.contiguous()
        result = torch.empty_like(edges)
        for chunk in chunks_of(plan, edges):
            own = result[chunk.start : chunk.stop]
            for tile in chunk.tiles:
                tile.spread(own, source, target, rows)
            own.add_(edges[chunk.start : chunk.stop])
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        plan, grad = ctx.plan, grad.contiguous()
        source, target = (grad.new_zeros(plan.num_nodes, grad.shape[1]) for _ in range(2))
        rows = grad.new_zeros(plan.num_rows, grad.shape[1])
        for chunk in chunks_of(plan, grad):
            own = grad[chunk.start : chunk.stop]
            for tile in chunk.tiles:
                tile.collect_all(own, source, target, rows)
        return None, grad, source, target, rows


class Collect(torch.autograd.Function):
    """`Backend.to_target` and `Backend.to_source`, both at once."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, edges: Tensor, aggregation: str) -> tuple[Tensor, Tensor]:
        ctx.plan, ctx.aggregation, ctx.size = plan, aggregation, edges.shape
        edges = edges.contiguous()
        into, out_of = (edges.new_zeros(plan.num_nodes, edges.shape[1]) for _ in range(2))
        for chunk in chunks_of(plan, edges):
            own = edges[chunk.start : chunk.stop]
            for tile in chunk.tiles:
                tile.collect(own, into, out_of, aggregation)
        return into, out_of

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_into: Tensor, by_out_of: Tensor) -> tuple[Any, ...]:
        edges = by_into.new_empty(ctx.size)
        by_into, by_out_of = by_into.contiguous(), by_out_of.contiguous()
        for chunk in chunks_of(ctx.plan, edges):
            own = edges[chunk.start : chunk.stop]
            for tile in chunk.tiles:
                tile.spread_back(own, by_into, by_out_of, ctx.aggregation)
        return None, edges, None


class Average(torch.autograd.Function):
    """`Backend.to_row`."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, edges: Tensor) -> Tensor:
        ctx.plan, ctx.size = plan, edges.shape
        edges = edges.contiguous()
        rows = edges.new_zeros(plan.num_rows, edges.shape[1])
        for chunk in chunks_of(plan, edges):
            for tile in chunk.tiles:
                tile.collect_rows(edges[chunk.start : chunk.stop], rows)
        return rows.div_(plan.row_edges.to(edges.dtype).unsqueeze(1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        plan = ctx.plan
        grad = grad / plan.row_edges.to(grad.dtype).unsqueeze(1)
        edges = grad.new_empty(ctx.size)
        for chunk in chunks_of(plan, edges):
            for tile in chunk.tiles:
                states, written = tile.from_rows(grad, edges[chunk.start : chunk.stop])
                written.copy_(states.expand_as(written))
        return None, edges
