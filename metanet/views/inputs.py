"""Inputs that nobody chose: noise, and smooth noise, of the shape that a network reads."""

from __future__ import annotations

import torch
from torch import Tensor

from spec import Architecture

UNIFORM, SMOOTH = "uniform", "smooth"
KINDS = (UNIFORM, SMOOTH)
COARSE = 3
"""How many random numbers a smooth input has along each axis."""


def inputs_of(net: Architecture, kind: str, count: int, seed: int) -> tuple[Tensor, ...]:
    """Draw inputs of a network, a tensor (count, *shape) for each, in float32 or int64.

        images, = inputs_of(net, "smooth", 32, seed=0)

    `uniform`: each number from -1 to 1. `smooth`: few random numbers interpolated along the axes of
    an image, a signal or a vector, each channel with mean 0 and deviation 1. Indices of a table are
    drawn from its rows. The same seed gives the same inputs, whatever else was drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for name, shape in net.inputs.items():
        if name in net.index_inputs:
            rows = net.index_inputs[name]
            drawn.append(torch.randint(0, rows, (count, *shape), generator=generator))
        elif kind == SMOOTH:
            drawn.append(smooth(count, shape, generator))
        else:
            drawn.append(2 * torch.rand(count, *shape, generator=generator) - 1)
    return tuple(drawn)


def inputs_of_kinds(net: Architecture, count: int, seed: int) -> tuple[Tensor, ...]:
    """Draw `count` inputs of each kind, one kind after the other."""
    kinds = [inputs_of(net, kind, count, seed + place) for place, kind in enumerate(KINDS)]
    return tuple(torch.cat(several) for several in zip(*kinds, strict=True))


def slices_of_kinds(count: int) -> list[slice]:
    """Say where `inputs_of_kinds` has each kind."""
    return [slice(place * count, (place + 1) * count) for place in range(len(KINDS))]


def smooth(count: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw smooth noise: coarse grids, interpolated; the first axis of several is of channels."""
    if not shape or max(shape) == 1:
        return torch.randn(count, *shape, generator=generator)
    channels, grid = (1, shape) if len(shape) == 1 else (shape[0], shape[1:])
    coarse = [min(size, COARSE) for size in grid]
    values = torch.randn(count, channels, *coarse, generator=generator)
    for axis, size in enumerate(grid, start=2):
        values = stretched(values, axis, size)
    values = values.reshape(count, channels, -1)
    values = values - values.mean(2, keepdim=True)
    values = values / values.std(2, correction=0, keepdim=True).clamp_min(1e-6)
    return values.clamp(-2, 2).reshape(count, *shape)


def stretched(values: Tensor, axis: int, size: int) -> Tensor:
    """Interpolate along an axis by a raised cosine, which has no corners."""
    few = values.shape[axis]
    if few == size:
        return values
    places = torch.linspace(0, few - 1, size)
    low = places.floor().long().clamp_max(max(0, few - 2))
    share = (1 - torch.cos((places - low) * torch.pi)) / 2
    share = share.reshape([-1 if each == axis else 1 for each in range(values.ndim)])
    below = values.index_select(axis, low)
    above = values.index_select(axis, (low + 1).clamp_max(few - 1))
    return torch.lerp(below, above, share.expand_as(below))
