"""The step of a layer backward, grids in chunks that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metanet.models.weight_space.formula import Maps
from metanet.models.weight_space.layout import Item, Layout, States
from metanet.models.weight_space.steps import Kept, chunks_of, step_backward


def backward(
    layout: Layout, states: States, maps: Maps, kept: list[Kept], grads: States
) -> tuple[States, Maps]:
    """Give the gradients of a step by states and weights."""
    steps = iter(kept)
    by_scale, by_shift = torch.zeros_like(maps.scale), torch.zeros_like(maps.shift)
    by_whole = torch.zeros_like(states.whole) if grads.whole is None else grads.whole
    by_lines = []
    for line, own, grad in zip(layout.lines, states.lines, grads.lines, strict=True):
        grad = torch.zeros_like(own) if grad is None else grad.clone(
            memory_format=torch.contiguous_format
        )  # fmt: skip
        share = by_whole[:, line.in_whole].unsqueeze(1)
        grad[..., : line.led].add_(share, alpha=1 / own.shape[1])
        by_lines.append(grad)
    inner = [torch.empty_like(own) for own in states.lines]
    from_whole = torch.empty_like(states.whole)

    def moved(item: Item, grad: Tensor, out: Tensor) -> None:
        span = layout.places[item.name]
        sums = by_scale[span], by_shift[span]
        step_backward(grad.contiguous(), next(steps), maps.scale[span], maps.shift[span], sums, out)

    for item in layout.alone:
        span = layout.places[item.name]
        moved(item, by_whole[:, span], from_whole[:, span])
    for line, grad, change in zip(layout.lines, by_lines, inner, strict=True):
        for item in line.alone:
            span = line.places[item.name]
            moved(item, grad[..., span], change[..., span])
    grids, owns = [], []
    for item, state, weight, grad in zip(
        layout.grids, states.grids, maps.own, grads.grids, strict=True
    ):
        span = layout.places[item.name]
        norm = maps.scale[span], maps.shift[span], by_scale[span], by_shift[span]
        by_grid, by_own = backward_grid(
            layout, item, state, weight, norm, by_lines, inner, next(steps), grad
        )
        grids.append(by_grid)
        owns.append(by_own)
    lines, along = [], []
    for line, own, weight, change, grad in zip(
        layout.lines, states.lines, maps.along, inner, by_lines, strict=True
    ):
        torch.sum(change[..., : line.led], 1, out=from_whole[:, line.in_whole])
        change = change.flatten(0, 1)
        along.append(change.T @ own.flatten(0, 1))
        back = (change @ weight).view_as(own)
        back[..., : line.own].add_(grad[..., : line.own])
        lines.append(back)
    whole = from_whole @ maps.whole
    for item in layout.alone:
        span = layout.places[item.name]
        whole[:, span].add_(by_whole[:, span])
    by_maps = Maps(
        tuple(owns), tuple(along), from_whole.T @ states.whole, from_whole.sum(0),
        by_scale, by_shift,
    )  # fmt: skip
    return States(tuple(grids), tuple(lines), whole), by_maps


def backward_grid(
    layout: Layout,
    item: Item,
    state: Tensor,
    weight: Tensor,
    norm: tuple[Tensor, Tensor, Tensor, Tensor],
    by_lines: Sequence[Tensor],
    inner: Sequence[Tensor],
    kept: Kept,
    grad: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Give the gradients of a grid's step by the grid and its map; write those by its parts."""
    ends = layout.ends(item)
    width = item.width
    from_rows, from_columns = (
        by_lines[i][..., layout.lines[i].places[item.name]] / state.shape[2 - place]
        for place, i in enumerate(ends)
    )
    to_rows, to_columns = (inner[i][..., layout.lines[i].places[item.name]] for i in ends)
    result, by_own = torch.empty_like(state), torch.zeros_like(weight)
    scale, shift, *sums = norm
    chunks = list(chunks_of(state))
    if not chunks[0].whole:
        to_columns.zero_()
    for networks, rows, whole in chunks:
        own, back = state[networks, rows], result[networks, rows]
        beside = from_rows[networks, rows].unsqueeze(2)
        torch.add(beside, from_columns[networks].unsqueeze(1), out=back)
        if grad is not None:
            back.add_(grad[networks, rows])
        change = torch.empty_like(own)
        here = Kept(*(tensor[networks, rows] for tensor in kept))
        step_backward(back, here, scale, shift, (sums[0], sums[1]), change)
        torch.sum(change, 2, out=to_rows[networks, rows])
        if whole:
            torch.sum(change, 1, out=to_columns[networks])
        else:
            to_columns[networks].add_(change.sum(1))
        by_own.addmm_(change.view(-1, width).T, own.view(-1, width))
        back.view(-1, width).addmm_(change.view(-1, width), weight)
    return result, by_own
