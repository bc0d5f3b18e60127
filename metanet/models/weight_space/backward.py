"""The step of a layer backward, grids in chunks that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metanet.models.weight_space.compiled import steps_for
from metanet.models.weight_space.formula import Maps
from metanet.models.weight_space.layout import Item, Layout, States
from metanet.models.weight_space.steps import Kept, Norm, Steps, chunks_of


def backward(
    layout: Layout, states: States, maps: Maps, kept: Sequence[Kept], grads: States
) -> tuple[States, Maps]:
    """Give the gradients of a step by states and weights; `grads` may hold None."""
    steps, left = steps_for(states.whole), iter(kept)
    norms = maps.scale.new_empty(2, layout.width)
    whole = zeros(states.whole) if grads.whole is None else grads.whole.contiguous()
    by_lines = []
    for line, own, grad in zip(layout.lines, states.lines, grads.lines, strict=True):
        by_line = zeros(own)
        if grad is not None:
            by_line.copy_(grad)
        share = whole[:, line.in_whole].unsqueeze(1)
        by_line[..., : line.led].add_(share, alpha=1 / own.shape[1])
        by_lines.append(by_line)
    inner = [own.new_empty(own.shape) for own in states.lines]
    from_whole = whole.new_empty(whole.shape)
    for item in layout.alone:
        span = layout.places[item.name]
        norm = Norm(maps.scale[span], maps.shift[span])
        sums, out = norms[:, span], from_whole[:, span]
        steps.single_backward(whole[:, span], next(left), norm, sums, out, layout.width)
    for line, by_line, change in zip(layout.lines, by_lines, inner, strict=True):
        for item in line.alone:
            place, span = layout.places[item.name], line.places[item.name]
            norm = Norm(maps.scale[place], maps.shift[place])
            sums, out = norms[:, place], change[..., span]
            steps.single_backward(by_line[..., span], next(left), norm, sums, out, line.width)
    grids = [
        grid(steps, layout, item, state, weight, maps, norms, by_lines, inner, next(left), grad)
        for item, state, weight, grad in zip(
            layout.grids, states.grids, maps.own, grads.grids, strict=True
        )
    ]
    lines, along = [], []
    for line, own, weight, change, by_line in zip(
        layout.lines, states.lines, maps.along, inner, by_lines, strict=True
    ):
        torch.sum(change[..., : line.led], 1, out=from_whole[:, line.in_whole])
        change = change.view(-1, line.width)
        along.append(change.T @ own.view(-1, line.width))
        back = (change @ weight).view(own.shape)
        back[..., : line.own] += by_line[..., : line.own]
        lines.append(back)
    back = from_whole @ maps.whole
    for item in layout.alone:
        span = layout.places[item.name]
        back[:, span] += whole[:, span]
    by_own = tuple(weight for _, weight in grids)
    by_whole = from_whole.T @ states.whole
    by_maps = Maps(by_own, tuple(along), by_whole, from_whole.sum(0), *norms.unbind())
    return States(tuple(state for state, _ in grids), tuple(lines), back), by_maps


def zeros(like: Tensor) -> Tensor:
    """Give zeros in the order of a contiguous tensor."""
    return like.new_zeros(like.shape)


def grid(
    steps: Steps,
    layout: Layout,
    item: Item,
    state: Tensor,
    weight: Tensor,
    maps: Maps,
    norms: Tensor,
    by_lines: Sequence[Tensor],
    inner: Sequence[Tensor],
    kept: Kept,
    grad: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Give a grid's gradients, by its states and by its map; write those by its parts."""
    span, width = layout.places[item.name], item.width
    norm = Norm(maps.scale[span], maps.shift[span])
    rows_in, columns_in = layout.at_ends(item, by_lines)
    rows_in, columns_in = rows_in / state.shape[2], columns_in / state.shape[1]
    rows_out, columns_out = layout.at_ends(item, inner)
    columns_out.zero_()
    grad = None if grad is None else grad.contiguous()
    result, by_own = torch.empty_like(state), torch.zeros_like(weight)
    parts = []
    for networks, rows in chunks_of(state, steps.chunk, steps.reuse):
        own, back = state[networks, rows], result[networks, rows]
        change = torch.empty_like(own)
        parts.append(own.new_empty(len(own), 2, width))
        steps.grid_backward(
            None if grad is None else grad[networks, rows],
            Kept(*(tensor[networks, rows] for tensor in kept)),
            (rows_in[networks, rows], columns_in[networks]), norm, parts[-1], back, change,
            (rows_out[networks, rows], columns_out[networks]),
        )  # fmt: skip
        change = change.view(-1, width)
        by_own.addmm_(change.T, own.view(-1, width))
        back.view(-1, width).addmm_(change, weight)
    torch.sum(torch.cat(parts), 0, out=norms[:, span])
    return result, by_own
