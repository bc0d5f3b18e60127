"""The step of a weight-space layer with its own backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from metanet.models.weight_space.backward import backward
from metanet.models.weight_space.formula import Maps, update_at_once
from metanet.models.weight_space.forward import forward
from metanet.models.weight_space.layout import Layout, States
from metanet.models.weight_space.steps import Kept


def update_in_chunks(layout: Layout, states: States, maps: Maps, reuse: bool) -> States:
    """Transform all items; with `reuse`, grids are written over where no gradient needs them."""
    tensors = [tensor.contiguous() for tensor in flat(states, maps)]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return packed(layout, Update.apply(layout, *tensors))[0]
    states, weights = packed(layout, tensors)
    return forward(layout, states, maps_of(layout, weights), None, reuse)


def flat(states: States, maps: Maps) -> list[Tensor]:
    """List states and weights."""
    return [*states.grids, *states.lines, states.whole, *maps.own, *maps.along, *maps[2:]]


def packed(layout: Layout, tensors: Sequence[Any]) -> tuple[States, Sequence[Any]]:
    """Take states from the head of a list, and what follows."""
    grids, lines = len(layout.grids), len(layout.lines)
    states = States(
        tuple(tensors[:grids]), tuple(tensors[grids : grids + lines]), tensors[grids + lines]
    )
    return states, tensors[grids + lines + 1 :]


def maps_of(layout: Layout, tensors: Sequence[Tensor]) -> Maps:
    """Take weights from a list."""
    grids, lines = len(layout.grids), len(layout.lines)
    own, along, rest = tensors[:grids], tensors[grids : grids + lines], tensors[grids + lines :]
    return Maps(tuple(own), tuple(along), *rest)


class Update(torch.autograd.Function):
    """A step from the tensors of `flat` to those of its states."""

    @staticmethod
    def forward(ctx: Any, layout: Layout, *tensors: Tensor) -> tuple[Tensor, ...]:
        states, weights = packed(layout, tensors)
        kept: list[Kept] = []
        result = forward(layout, states, maps_of(layout, weights), kept, False)
        ctx.layout, ctx.count = layout, len(tensors)
        ctx.save_for_backward(*tensors, *chain.from_iterable(kept))
        ctx.set_materialize_grads(False)
        return (*result.grids, *result.lines, result.whole)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        tensors, kept = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        states, weights = packed(ctx.layout, tensors)
        maps = maps_of(ctx.layout, weights)
        if torch.is_grad_enabled():
            return None, *formula_backward(ctx.layout, states, maps, grads, ctx.needs_input_grad)
        steps = [Kept(*kept[start : start + 3]) for start in range(0, len(kept), 3)]
        by_states, by_maps = backward(ctx.layout, states, maps, steps, packed(ctx.layout, grads)[0])
        return None, *flat(by_states, by_maps)


def formula_backward(
    layout: Layout,
    states: States,
    maps: Maps,
    grads: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """Give gradients that can be derived again."""
    result = update_at_once(layout, states, maps)
    outputs = [*result.grids, *result.lines, result.whole]
    pairs = [(y, g) for y, g in zip(outputs, grads, strict=True) if g is not None]
    inputs = flat(states, maps)
    wanted = [x for x, need in zip(inputs, needed[1:], strict=True) if need]
    found = iter(
        torch.autograd.grad(
            [y for y, _ in pairs], wanted, [g for _, g in pairs],
            create_graph=True, allow_unused=True,
        )
    )  # fmt: skip
    return [next(found) if need else None for need in needed[1:]]
