"""The edge update by the kernels: what is around the products is one pass over edges each way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from metanet.backends.backend import EPS, EdgeRule
from metanet.backends.block.table import table_of
from metanet.backends.block.tiles import chunk_edges
from metanet.kernels import Library, library, threads
from metanet.plan import Plan

SMALLER = 2
"""Few passes over a chunk are worth smaller ones, which lie in a core's own cache."""


def kernels_for(plan: Plan, aggregation: str, *tensors: Tensor | None) -> Library | None:
    """Give the kernels if they can work on a plan and tensors."""
    found = library(*tensors)
    return found if found is not None and table_of(plan, aggregation) is not None else None


class CompiledUpdate(torch.autograd.Function):
    """`Backend.update_edges` without a factor.

    Products are of states before their norm: that is one number a row, with which the passes around
    the products multiply. What is kept is the states, these numbers, and, unless it is computed
    again, what the activation is applied to.
    """

    @staticmethod
    def forward(
        ctx: Any,
        plan: Plan,
        rule: EdgeRule,
        kernels: Library,
        learns: bool,
        edges: Tensor,
        source: Tensor,
        target: Tensor,
        rows: Tensor,
        inner: Tensor,
        outer: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        edges, source, target, rows, outer = (
            t.contiguous() for t in (edges, source, target, rows, outer)
        )
        chunks = Chunks(plan, rule, kernels, edges)
        keeps = learns and not rule.checkpoint
        scales = edges.new_empty(len(edges)) if rule.norm else None
        kept = torch.empty_like(edges) if keeps else None
        result = torch.empty_like(edges) if learns else edges
        into, out_of = torch.zeros_like(source), torch.zeros_like(source)
        vector, to_inner, to_outer = outer if outer.dim() == 1 else None, inner.t(), outer.t()
        works = chunks.buffers()
        for place, own, messages, scale, x, new in chunks(edges, works, scales, kept, result):
            x = messages if x is None else x
            if scale is not None:
                chunks.inverse_rms(own, scale)
            torch.mm(own, to_inner, out=x)
            chunks.send(
                place, x, scale, source, target, rows, messages, into, out_of, own, vector, new,
                keeps,
            )  # fmt: skip
            if vector is None:
                torch.addmm(own, messages, to_outer, out=new)
        if learns:
            ctx.plan, ctx.rule, ctx.kernels = plan, rule, kernels
            ctx.save_for_backward(edges, source, target, rows, inner, outer, scales, kept)
        return result, into, out_of

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, by_edges: Tensor | None, by_into: Tensor | None, by_out_of: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        edges, source, target, rows, inner, outer, scales, kept = ctx.saved_tensors
        chunks = Chunks(ctx.plan, ctx.rule, ctx.kernels, edges)
        by_into = torch.zeros_like(source) if by_into is None else by_into.contiguous()
        by_out_of = torch.zeros_like(source) if by_out_of is None else by_out_of.contiguous()
        by_edges = None if by_edges is None else by_edges.contiguous()
        g_source, g_target, g_rows, g_inner, g_outer = (
            torch.zeros_like(t) for t in (source, target, rows, inner, outer)
        )
        g_edges = torch.empty_like(edges)
        vector = outer if outer.dim() == 1 else None
        to_inner = inner.T
        rooms = kept if kept is not None else chunks.buffers()
        every = edges, chunks.buffers(), chunks.buffers(), scales, rooms, by_edges, g_edges
        for place, own, grad, work, scale, x, before, new in chunks(*every):
            if kept is None:
                torch.mm(own, to_inner, out=x)
                chunks.send(place, x, scale, source, target, rows)
            if before is not None and vector is None:
                torch.mm(before, outer, out=grad)
            chunks.pull(
                place, x, scale, grad, work, by_into, by_out_of, g_source, g_target, g_rows,
                before, vector, g_outer,
            )  # fmt: skip
            if before is not None and vector is None:
                g_outer.addmm_(before.T, work)
            g_inner.addmm_(grad.T, own)
            if scale is not None:
                torch.mm(grad, inner, out=work)
                chunks.inverse_rms_backward(before, work, own, scale, new)
            elif before is None:
                torch.mm(grad, inner, out=new)
            else:
                torch.addmm(before, grad, inner, out=new)
        return None, None, None, None, g_edges, g_source, g_target, g_rows, g_inner, g_outer


class Chunks:
    """A plan's edges in chunks that stay in the cache, and the passes over one."""

    def __init__(self, plan: Plan, rule: EdgeRule, kernels: Library, like: Tensor) -> None:
        table = table_of(plan, rule.aggregation)
        assert table is not None  # see `kernels_for`
        self.table, self.axes = table
        self.rule, self.kernels, self.like = rule, kernels, like
        self.width, self.threads = like.shape[1], threads()
        self.size = max(1, min(chunk_edges(like, SMALLER), len(like)))
        starts = range(0, len(like), self.size)
        self.places = [(start, min(start + self.size, len(like))) for start in starts]

    def buffers(self) -> list[Tensor]:
        """Give room for each chunk's states, the same for all."""
        room = self.like.new_empty(self.size, self.width)
        last = room[: self.places[-1][1] - self.places[-1][0]]
        return [*[room] * (len(self.places) - 1), last]

    def __call__(self, *tensors: Tensor | list[Tensor] | None) -> Iterator[tuple[Any, ...]]:
        """Give each chunk's first edge and its end, and its rows of each tensor."""
        none = [None] * len(self.places)
        pieces = [
            none if t is None else t.split(self.size) if isinstance(t, Tensor) else t
            for t in tensors
        ]
        return zip(self.places, *pieces, strict=True)

    def inverse_rms(self, states: Tensor, scales: Tensor) -> None:
        """Write one over the root mean square of each row."""
        self.kernels.inverse_rms(states, scales, len(states), self.width, EPS, self.threads)

    def inverse_rms_backward(
        self, before: Tensor | None, grads: Tensor, states: Tensor, scales: Tensor, new: Tensor
    ) -> None:
        """Write the gradient by states before their norm, plus the gradient `before`."""
        self.kernels.inverse_rms_backward(
            before, grads, states, scales, new, len(states), self.width, self.threads
        )

    def send(
        self,
        place: tuple[int, int],
        inner: Tensor,
        scales: Tensor | None,
        source: Tensor,
        target: Tensor,
        rows: Tensor,
        messages: Tensor | None = None,
        into: Tensor | None = None,
        out_of: Tensor | None = None,
        edges: Tensor | None = None,
        outer: Tensor | None = None,
        result: Tensor | None = None,
        keep: bool = True,
    ) -> None:
        """Write messages, and add them to nodes; see `edges.c`."""
        self.kernels.send_messages(
            self.table, self.axes, *place, inner, scales, source, target, rows, messages, into,
            out_of, edges, outer, result, self.width, self.rule.activation == "silu", keep,
            self.threads,
        )  # fmt: skip

    def pull(
        self,
        place: tuple[int, int],
        inner: Tensor,
        scales: Tensor | None,
        grads: Tensor,
        messages: Tensor,
        into: Tensor,
        out_of: Tensor,
        source: Tensor,
        target: Tensor,
        rows: Tensor,
        before: Tensor | None,
        outer: Tensor | None,
        by_outer: Tensor,
    ) -> None:
        """Write gradients by what the activation is applied to, and add them up."""
        self.kernels.send_messages_backward(
            self.table, self.axes, *place, inner, scales, grads, messages, into, out_of, source,
            target, rows, before, outer, by_outer, self.width, self.rule.activation == "silu",
            before is not None, self.threads,
        )  # fmt: skip
