"""The step of a layer forward, grids in chunks that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metanet.models.weight_space.formula import EPS, Maps
from metanet.models.weight_space.layout import Item, Layout, States
from metanet.models.weight_space.steps import Kept, chunks_of, step


def forward(
    layout: Layout, states: States, maps: Maps, kept: list[Kept] | None, reuse: bool
) -> States:
    """Transform all items, and list what the backward pass needs."""
    from_whole = torch.addmm(maps.bias, states.whole, maps.whole.T)
    whole = torch.empty_like(states.whole)
    lines, inner = [], []
    for line, own, weight in zip(layout.lines, states.lines, maps.along, strict=True):
        change = torch.mm(own.flatten(0, 1), weight.T).view_as(own)
        change[..., : line.led].add_(from_whole[:, line.in_whole].unsqueeze(1))
        inner.append(change)
        lines.append(torch.empty_like(own))

    def moved(item: Item, state: Tensor, change: Tensor, out: Tensor) -> None:
        span = layout.places[item.name]
        left = step(state, change, maps.scale[span], maps.shift[span], out)
        if kept is not None:
            kept.append(left)

    for item in layout.alone:
        span = layout.places[item.name]
        moved(item, states.whole[:, span], from_whole[:, span], whole[:, span])
    for line, own, change, new in zip(layout.lines, states.lines, inner, lines, strict=True):
        for item in line.alone:
            span = line.places[item.name]
            moved(item, own[..., span], change[..., span], new[..., span])
    grids = tuple(
        forward_grid(layout, item, state, weight, maps, inner, lines, kept, reuse)
        for item, state, weight in zip(layout.grids, states.grids, maps.own, strict=True)
    )
    for line, new in zip(layout.lines, lines, strict=True):
        torch.mean(new[..., : line.led], 1, out=whole[:, line.in_whole])
    return States(grids, tuple(lines), whole)


def forward_grid(
    layout: Layout,
    item: Item,
    state: Tensor,
    weight: Tensor,
    maps: Maps,
    inner: Sequence[Tensor],
    lines: Sequence[Tensor],
    kept: list[Kept] | None,
    reuse: bool,
) -> Tensor:
    """Transform a grid, and write its averages to the new lines."""
    ends = layout.ends(item)
    span = layout.places[item.name]
    scale, shift = maps.scale[span], maps.shift[span]
    row_part, column_part = (inner[i][..., layout.lines[i].places[item.name]] for i in ends)
    to_rows, to_columns = (lines[i][..., layout.lines[i].places[item.name]] for i in ends)
    width = item.width
    result = state if reuse and kept is None else torch.empty_like(state)
    chunks = list(chunks_of(state))
    if not chunks[0].whole:
        to_columns.zero_()
    if kept is not None:
        moments = state.new_empty(2, *state.shape[:3], 1)
        kept.append(Kept(torch.empty_like(state), torch.empty_like(state), *moments.unbind()))
    for networks, rows, whole in chunks:
        own, new = state[networks, rows], result[networks, rows]
        change = torch.empty_like(own) if kept is None else kept[-1].inner[networks, rows]
        beside = row_part[networks, rows].unsqueeze(2)
        torch.add(beside, column_part[networks].unsqueeze(1), out=change)
        change.view(-1, width).addmm_(own.view(-1, width), weight.T)
        active = change if kept is None else kept[-1].active[networks, rows]
        torch.ops.aten.silu.out(change, out=active)
        normed, mean, rstd = torch.native_layer_norm(active, (width,), scale, shift, EPS)
        torch.add(own, normed, out=new)
        if kept is not None:
            kept[-1].mean[networks, rows] = mean
            kept[-1].rstd[networks, rows] = rstd
        torch.mean(new, 2, out=to_rows[networks, rows])
        if whole:
            torch.mean(new, 1, out=to_columns[networks])
        else:
            to_columns[networks].add_(new.sum(1), alpha=1 / state.shape[1])
    return result
