"""The edge update in chunks of edges that stay in the cache, with its own backward pass."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.backends.backend import EPS, EdgeRule, EdgeWeights
from metanet.backends.block.compiled_update import CompiledUpdate, kernels_for
from metanet.backends.block.tiles import Chunk, chunks_of
from metanet.plan import Plan


class Workspace:
    """Buffers of the largest chunk's size, by name, used for chunk after chunk."""

    def __init__(self, chunks: tuple[Chunk, ...], like: Tensor) -> None:
        self.rows = max(chunk.size for chunk in chunks)
        self.like = like
        self.buffers: dict[str, Tensor] = {}

    def __call__(self, name: str, rows: int) -> Tensor:
        if name not in self.buffers:
            self.buffers[name] = self.like.new_empty(self.rows, self.like.shape[1])
        return self.buffers[name][:rows]


def inverse_rms(states: Tensor) -> Tensor:
    """Give one over the root mean square of each row, (n, 1)."""
    norms = torch.linalg.vector_norm(states, dim=1, keepdim=True)
    return norms.square_().div_(states.shape[1]).add_(EPS).rsqrt_()


def normed(states: Tensor, norm: bool, space: Workspace) -> tuple[Tensor, Tensor | None]:
    """Give the normed states, and what they were multiplied by."""
    if not norm:
        return states, None
    scale = inverse_rms(states)
    return torch.mul(states, scale, out=space("normed", len(states))), scale


def norm_backward(
    grad: Tensor, states: Tensor, scale: Tensor | None, before: Tensor | None, out: Tensor
) -> None:
    """Write the gradient by states before their norm, plus the gradient `before`.

    `grad` is that by normed states times `scale`.
    """
    if scale is None:
        torch.add(grad, before, out=out) if before is not None else out.copy_(grad)
        return
    along = torch.linalg.vecdot(grad, states).unsqueeze(1)
    along.mul_(scale).mul_(scale).div_(-states.shape[1])
    torch.addcmul(grad, states, along, out=out)
    if before is not None:
        out.add_(before)


def activate(states: Tensor, activation: str, out: Tensor) -> Tensor:
    """Write the activated states."""
    if activation == "silu":
        return torch.ops.aten.silu.out(states, out=out)
    return torch.clamp_min(states, 0, out=out)


def activation_backward(grad: Tensor, states: Tensor, activation: str) -> None:
    """Turn the gradient by the activated states into that by the states, in place."""
    if activation == "silu":
        torch.ops.aten.silu_backward.grad_input(grad, states, grad_input=grad)
    else:
        torch.ops.aten.threshold_backward.grad_input(grad, states, 0, grad_input=grad)


def product(a: Tensor, b: Tensor, out: Tensor, low: torch.dtype | None) -> Tensor:
    """Write the matrix product of `a` and `b`; with `low`, multiply in that precision."""
    if low is None:
        return torch.mm(a, b, out=out)
    return out.copy_(a.to(low) @ b.to(low))


def add_product(total: Tensor, a: Tensor, b: Tensor, low: torch.dtype | None) -> Tensor:
    """Add the matrix product of `a` and `b` in place."""
    if low is None:
        return total.addmm_(a, b)
    return total.add_(a.to(low) @ b.to(low))


class EdgeUpdate(torch.autograd.Function):
    """`Backend.update_edges`.

    Keeps the edges, one over their root mean square, and what the activation is applied to unless
    it is computed again. (To keep messages and slopes instead saves an exponential, and costs more
    than that in memory traffic.)
    """

    @staticmethod
    def forward(
        ctx: Any,
        plan: Plan,
        rule: EdgeRule,
        low: torch.dtype | None,
        learns: bool,
        edges: Tensor,
        source: Tensor,
        target: Tensor,
        rows: Tensor,
        factor: Tensor | None,
        inner: Tensor,
        outer: Tensor,
        by_factor: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        edges, source, target, rows = (t.contiguous() for t in (edges, source, target, rows))
        chunks = chunks_of(plan, edges)
        factor = None if factor is None else factor.contiguous()
        ctx.plan, ctx.rule, ctx.low = plan, rule, low
        keeps = learns and not rule.checkpoint
        kept = torch.empty_like(edges) if keeps else None
        scales = edges.new_empty(len(edges), 1) if learns and rule.norm else None
        space = Workspace(chunks, edges)
        result = torch.empty_like(edges) if learns else edges
        into, out_of = torch.zeros_like(source), torch.zeros_like(source)
        arguments = (low, source, target, rows, factor, inner, by_factor, space)
        for chunk in chunks:
            place = slice(chunk.start, chunk.stop)
            own = edges[place]
            states, scale = normed(own, rule.norm, space)
            if scales is not None and scale is not None:
                scales[place] = scale
            out = space("inner", chunk.size) if kept is None else kept[place]
            inner_map(chunk, states, out, *arguments)
            messages = activate(out, rule.activation, space("messages", chunk.size))
            for tile in chunk.tiles:
                tile.collect(messages, into, out_of, rule.aggregation)
            written = result[place]
            if outer.dim() == 1:
                torch.addcmul(own, messages, outer, out=written)
            elif low is None:
                torch.addmm(own, messages, outer.T, out=written)
            else:
                torch.add(own, messages.to(low) @ outer.T.to(low), out=written)
        if learns:
            ctx.save_for_backward(
                edges, source, target, rows, factor, inner, outer, by_factor, scales, kept
            )
        return result, into, out_of

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, by_edges: Tensor | None, by_into: Tensor | None, by_out_of: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        edges, source, target, rows, factor, inner, outer, by_factor, *saved = ctx.saved_tensors
        scales, kept = saved
        plan, rule, low = ctx.plan, ctx.rule, ctx.low
        chunks = chunks_of(plan, edges)
        space = Workspace(chunks, edges)
        by_into = torch.zeros_like(source) if by_into is None else by_into.contiguous()
        by_out_of = torch.zeros_like(source) if by_out_of is None else by_out_of.contiguous()
        by_edges = None if by_edges is None else by_edges.contiguous()
        g_source, g_target, g_rows, g_inner, g_outer = (
            torch.zeros_like(t) for t in (source, target, rows, inner, outer)
        )
        g_factor, g_by_factor = (
            None if t is None else torch.zeros_like(t) for t in (factor, by_factor)
        )
        g_edges = torch.empty_like(edges)
        arguments = (low, source, target, rows, factor, inner, by_factor, space)
        for chunk in chunks:
            n, place = chunk.size, slice(chunk.start, chunk.stop)
            own, scale = edges[place], None if scales is None else scales[place]
            if kept is None:
                states = own if scale is None else torch.mul(own, scale, out=space("normed", n))
                out = inner_map(chunk, states, space("inner", n), *arguments)
            else:
                out = kept[place]
            grad = space("gradient", n)
            for tile in chunk.tiles:
                tile.spread_back(grad, by_into, by_out_of, rule.aggregation)
            before = None
            if by_edges is not None:
                before = by_edges[place]
                messages = activate(out, rule.activation, space("messages", n))
                if outer.dim() == 1:
                    grad.addcmul_(before, outer)
                    g_outer += torch.mul(before, messages, out=space("normed", n)).sum(0)
                else:
                    add_product(grad, before, outer, low)
                    add_product(g_outer, before.T, messages, low)
            activation_backward(grad, out, rule.activation)
            for tile in chunk.tiles:
                tile.collect_all(grad, g_source, g_target, g_rows)
            if scale is not None:
                grad.mul_(scale)
            add_product(g_inner, grad.T, own, low)
            by_states = product(grad, inner, space("messages", n), low)
            if g_factor is not None and g_by_factor is not None:
                factor_backward(
                    chunk, grad, own, by_states, factor, by_factor, g_factor, g_by_factor,
                    space, low,
                )  # fmt: skip
            norm_backward(by_states, own, scale, before, g_edges[place])
        return (
            None, None, None, None, g_edges, g_source, g_target, g_rows, g_factor, g_inner, g_outer,
            g_by_factor,
        )  # fmt: skip


def inner_map(
    chunk: Chunk,
    states: Tensor,
    out: Tensor,
    low: torch.dtype | None,
    source: Tensor,
    target: Tensor,
    rows: Tensor,
    factor: Tensor | None,
    inner: Tensor,
    by_factor: Tensor | None,
    space: Workspace,
) -> Tensor:
    """Write what the activation is applied to."""
    for tile in chunk.tiles:
        tile.spread(out, source, target, rows)
    add_product(out, states, inner.T, low)
    if factor is not None and by_factor is not None:
        beside = product(states, by_factor.T, space("factor", chunk.size), low)
        for tile in chunk.tiles:
            at_source, of_edges = tile.at_source(factor, beside)
            _, written = tile.at_source(factor, out)
            written.addcmul_(of_edges, at_source)
    return out


def factor_backward(
    chunk: Chunk,
    grad: Tensor,
    states: Tensor,
    by_states: Tensor,
    factor: Tensor,
    by_factor: Tensor,
    g_factor: Tensor,
    g_by_factor: Tensor,
    space: Workspace,
    low: torch.dtype | None,
) -> None:
    """Add the gradients of the product of edge and source states."""
    beside = product(states, by_factor.T, space("factor", chunk.size), low)
    beside.mul_(grad)
    for tile in chunk.tiles:
        tile.collect_source(beside, g_factor)
    for tile in chunk.tiles:
        at_source, of_edges = tile.at_source(factor, grad)
        _, written = tile.at_source(factor, beside)
        torch.mul(of_edges, at_source, out=written)
    add_product(g_by_factor, beside.T, states, low)
    add_product(by_states, beside, by_factor, low)


def update_edges(
    plan: Plan,
    rule: EdgeRule,
    weights: EdgeWeights,
    edges: Tensor,
    from_source: Tensor,
    from_target: Tensor,
    per_row: Tensor,
    factor: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Apply `EdgeUpdate`; under autocast, products are computed in its precision."""
    tensors = (
        edges, from_source, from_target, per_row, factor,
        weights.inner, weights.outer, weights.factor,
    )  # fmt: skip
    learns = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
    kind = edges.device.type
    lowers = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    low = torch.get_autocast_dtype(kind) if lowers else None
    result: tuple[Tensor, Tensor, Tensor]
    with torch.autocast(kind, enabled=False) if lowers else nullcontext():
        states = [None if t is None else t.to(edges.dtype) for t in tensors]
        multiplies = factor is not None and weights.factor is not None
        kernels = (
            None if multiplies or low is not None else kernels_for(plan, rule.aggregation, *states)
        )
        if kernels is not None:
            own = [*states[:4], *states[5:7]]
            result = CompiledUpdate.apply(plan, rule, kernels, learns, *own)
        else:
            result = EdgeUpdate.apply(plan, rule, low, learns, *states)
    return result
