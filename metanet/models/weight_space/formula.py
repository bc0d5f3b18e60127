"""The step of a weight-space layer in operations on whole tensors, as its formula says."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from metanet.models.weight_space.layout import Layout, States

EPS = 1e-5


class Maps(NamedTuple):
    """The weights of a layer: of grids, of lines, of the whole with its bias, and of the norms."""

    own: tuple[Tensor, ...]
    along: tuple[Tensor, ...]
    whole: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor


def update_at_once(layout: Layout, states: States, maps: Maps) -> States:
    """Transform all items; every device, precision and transformation of torch takes it."""
    whole = nn.functional.linear(states.whole, maps.whole, maps.bias)
    along = [nn.functional.linear(x, w) for x, w in zip(states.lines, maps.along, strict=True)]
    changes = {}
    for item in layout.items:
        change = whole[:, layout.places[item.name]]
        change = change.reshape(-1, *[1] * len(item.axes), item.width)
        for place, axis in enumerate(item.axes):
            number = layout.number[axis]
            part = along[number][..., layout.lines[number].places[item.name]]
            change = change + (part.unsqueeze(2 - place) if len(item.axes) == 2 else part)
        changes[item.name] = change
    for item, grid, weight in zip(layout.grids, states.grids, maps.own, strict=True):
        changes[item.name] = changes[item.name] + nn.functional.linear(grid, weight)
    result = {}
    for item, (name, state) in zip(layout.items, layout.scatter(states).items(), strict=True):
        span = layout.places[name]
        normed = nn.functional.layer_norm(
            nn.functional.silu(changes[name]),
            (item.width,),
            maps.scale[span],
            maps.shift[span],
            EPS,
        )
        result[name] = state + normed
    return layout.gather(result)
