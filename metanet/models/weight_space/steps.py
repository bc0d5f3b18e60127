"""The step of states: SiLU and a layer norm, added to them; and the chunks of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from metanet.models.weight_space.formula import EPS


class Kept(NamedTuple):
    """What a step leaves for its backward pass: what SiLU is applied to, and the norm's moments."""

    inner: Tensor
    mean: Tensor
    rstd: Tensor


class Norm(NamedTuple):
    """The scale and shift of an item's norm, (width,)."""

    scale: Tensor
    shift: Tensor


class Chunk(NamedTuple):
    """A part of a grid: some networks, or some rows of one of them."""

    networks: slice
    rows: slice


def chunks_of(grid: Tensor, size: int, reuse: int) -> Iterator[Chunk]:
    """Cut a grid (networks, n, m, width) into chunks of about so many numbers.

    They have at least `reuse` times the numbers of a map of the grid, which is read in each.
    """
    networks, n, m, width = grid.shape
    rows = max(1, max(size, reuse * width * width) // (m * width))
    if rows >= n:
        for start in range(0, networks, rows // n):
            yield Chunk(slice(start, start + rows // n), slice(0, n))
        return
    for network in range(networks):
        for start in range(0, n, rows):
            yield Chunk(slice(network, network + 1), slice(start, start + rows))


class Steps:
    """Steps in operations of torch. What is said to be added to is zero, or has a part already."""

    chunk: ClassVar[int] = 1 << 17
    """So many numbers of a grid are worked on at a time."""
    reuse: ClassVar[int] = 8
    """Or so many times the numbers of its map."""

    def single(self, state: Tensor, inner: Tensor, norm: Norm, out: Tensor, across: int) -> Kept:
        """Write the state plus the normed SiLU of `inner`, (..., width).

        From place to place all of them lie `across` numbers apart.
        """
        active = torch.ops.aten.silu(inner).contiguous()
        normed, mean, rstd = torch.native_layer_norm(active, norm.scale.shape, *norm, EPS)
        torch.add(state, normed, out=out)
        return Kept(inner, mean, rstd)

    def single_backward(
        self, grad: Tensor, kept: Kept, norm: Norm, sums: Tensor, out: Tensor, across: int
    ) -> None:
        """Write the gradient by `inner`, and those by the norm's scale and shift to `sums`."""
        active = torch.ops.aten.silu(kept.inner).contiguous()
        by_active, by_scale, by_shift = torch.ops.aten.native_layer_norm_backward(
            grad.contiguous(), active, norm.scale.shape, kept.mean, kept.rstd, *norm, [True] * 3
        )
        torch.ops.aten.silu_backward.grad_input(by_active, kept.inner, grad_input=out)
        sums[0].copy_(by_scale)
        sums[1].copy_(by_shift)

    def grid(
        self,
        state: Tensor,
        inner: Tensor,
        from_ends: tuple[Tensor, Tensor],
        norm: Norm,
        out: Tensor,
        moments: Tensor | None,
        to_ends: tuple[Tensor, Tensor],
        n: int,
    ) -> None:
        """Step a chunk of a grid of n rows, (networks, rows, m, width), contiguous.

        `inner` gets what comes from rows (networks, rows, width) and columns (networks, m, width)
        added, and `moments` (2, networks, rows, m, 1) are written, where they are given. Averages
        of the result are written to rows, and added to columns.
        """
        beside, above = from_ends
        inner += beside.unsqueeze(2) + above.unsqueeze(1)
        active = torch.ops.aten.silu(inner)
        normed, mean, rstd = torch.native_layer_norm(active, norm.scale.shape, *norm, EPS)
        torch.add(state, normed, out=out)
        if moments is not None:
            moments[0], moments[1] = mean, rstd
        torch.mean(out, 2, out=to_ends[0])
        to_ends[1].add_(out.sum(1), alpha=1 / n)

    def grid_backward(
        self,
        grad: Tensor | None,
        kept: Kept,
        from_ends: tuple[Tensor, Tensor],
        norm: Norm,
        parts: Tensor,
        back: Tensor,
        out: Tensor,
        to_ends: tuple[Tensor, Tensor],
    ) -> None:
        """Write the gradients of a chunk by its states, to `back`, and by `inner`, to `out`.

        Sums of the latter are written to rows, and added to columns; each network's gradients by
        scale and shift are written to `parts` (networks, 2, width), or together to the first.
        """
        beside, above = from_ends
        torch.add(beside.unsqueeze(2), above.unsqueeze(1), out=back)
        if grad is not None:
            back += grad
        self.single_backward(back, kept, norm, parts[0], out, 0)
        parts[1:] = 0
        torch.sum(out, 2, out=to_ends[0])
        to_ends[1].add_(out.sum(1))
