"""The step of a layer forward, grids in chunks that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metanet.models.weight_space.compiled import steps_for
from metanet.models.weight_space.formula import Maps
from metanet.models.weight_space.layout import Item, Layout, States
from metanet.models.weight_space.steps import Kept, Norm, Steps, chunks_of


def forward(
    layout: Layout, states: States, maps: Maps, kept: list[Kept] | None, reuse: bool
) -> States:
    """Transform all items, and list what the backward pass needs."""
    steps = steps_for(states.whole)
    from_whole = torch.addmm(maps.bias, states.whole, maps.whole.T)
    whole = from_whole.new_empty(from_whole.shape)
    lines, inner = [], []
    for line, own, weight in zip(layout.lines, states.lines, maps.along, strict=True):
        change = torch.mm(own.view(-1, line.width), weight.T).view(own.shape)
        change[..., : line.led] += from_whole[:, line.in_whole].unsqueeze(1)
        inner.append(change)
        lines.append(change.new_empty(change.shape))
    for item in layout.alone:
        span = layout.places[item.name]
        norm = Norm(maps.scale[span], maps.shift[span])
        given = states.whole[:, span], from_whole[:, span]
        left = steps.single(*given, norm, whole[:, span], layout.width)
        if kept is not None:
            kept.append(left)
    for line, own, change, new in zip(layout.lines, states.lines, inner, lines, strict=True):
        for item in line.alone:
            norm = Norm(*(part[layout.places[item.name]] for part in (maps.scale, maps.shift)))
            span = line.places[item.name]
            given = own[..., span], change[..., span]
            left = steps.single(*given, norm, new[..., span], line.width)
            if kept is not None:
                kept.append(left)
    grids = tuple(
        grid(steps, layout, item, state, weight, maps, inner, lines, kept, reuse)
        for item, state, weight in zip(layout.grids, states.grids, maps.own, strict=True)
    )
    for line, new in zip(layout.lines, lines, strict=True):
        torch.mean(new[..., : line.led], 1, out=whole[:, line.in_whole])
    return States(grids, tuple(lines), whole)


def grid(
    steps: Steps,
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
    norm = Norm(*(part[layout.places[item.name]] for part in (maps.scale, maps.shift)))
    rows_in, columns_in = layout.at_ends(item, inner)
    rows_out, columns_out = layout.at_ends(item, lines)
    columns_out.zero_()
    result = state if reuse and kept is None else torch.empty_like(state)
    moments = None if kept is None else state.new_empty(2, *state.shape[:3], 1)
    every = torch.empty_like(state) if kept is not None else None
    for networks, rows in chunks_of(state, steps.chunk, steps.reuse):
        own = state[networks, rows]
        change = torch.empty_like(own) if every is None else every[networks, rows]
        torch.mm(own.view(-1, item.width), weight.T, out=change.view(-1, item.width))
        steps.grid(
            own, change, (rows_in[networks, rows], columns_in[networks]), norm,
            result[networks, rows], None if moments is None else moments[:, networks, rows],
            (rows_out[networks, rows], columns_out[networks]), state.shape[1],
        )  # fmt: skip
    if kept is not None and every is not None and moments is not None:
        kept.append(Kept(every, *moments.unbind()))
    return result
