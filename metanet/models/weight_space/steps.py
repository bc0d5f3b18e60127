"""A grid's chunks, and the step of a state: SiLU and a layer norm, added to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from metanet.models.weight_space.formula import EPS

CHUNK = 1 << 17
"""So many numbers of a grid are worked on at a time."""


class Kept(NamedTuple):
    """What a step leaves for its backward pass: states before and after SiLU, and moments."""

    inner: Tensor
    active: Tensor
    mean: Tensor
    rstd: Tensor


class Chunk(NamedTuple):
    """A part of a grid: some networks, or some rows of one of them."""

    networks: slice
    rows: slice
    whole: bool


def chunks_of(grid: Tensor) -> Iterator[Chunk]:
    """Cut a grid (networks, n, m, width) into chunks."""
    networks, n, m, width = grid.shape
    rows = max(1, CHUNK // (m * width))
    if rows >= n:
        for start in range(0, networks, rows // n):
            yield Chunk(slice(start, start + rows // n), slice(0, n), True)
        return
    for network in range(networks):
        for start in range(0, n, rows):
            yield Chunk(slice(network, network + 1), slice(start, start + rows), False)


def step(state: Tensor, inner: Tensor, scale: Tensor, shift: Tensor, out: Tensor) -> Kept:
    """Write the state plus the normed SiLU of `inner`."""
    active = torch.ops.aten.silu(inner).contiguous()
    normed, mean, rstd = torch.native_layer_norm(active, scale.shape, scale, shift, EPS)
    torch.add(state, normed, out=out)
    return Kept(inner, active, mean, rstd)


def step_backward(
    grad: Tensor, kept: Kept, scale: Tensor, shift: Tensor, sums: tuple[Tensor, Tensor], out: Tensor
) -> None:
    """Write the gradient by `inner`, and add those by the norm's weights to `sums`."""
    by_active, by_scale, by_shift = torch.ops.aten.native_layer_norm_backward(
        grad, kept.active, scale.shape, kept.mean, kept.rstd, scale, shift, [True, True, True]
    )
    torch.ops.aten.silu_backward.grad_input(by_active, kept.inner, grad_input=out)
    sums[0].add_(by_scale)
    sums[1].add_(by_shift)
