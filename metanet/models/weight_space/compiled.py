"""Steps by kernels in C."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from metanet import kernels
from metanet.models.weight_space.formula import EPS
from metanet.models.weight_space.steps import Kept, Norm, Steps


class CompiledSteps(Steps):
    """Steps by the kernels of `metanet/kernels/source/grids.c`."""

    chunk: ClassVar[int] = 1 << 18

    def __init__(self, library: kernels.Library) -> None:
        self.library = library
        self.threads = kernels.threads()

    def single(self, state: Tensor, inner: Tensor, norm: Norm, out: Tensor, across: int) -> Kept:
        *places, width = inner.shape
        mean, rstd = inner.new_empty(2, *places, 1).unbind()
        self.library.grid_step(
            inner, state, out, None, None, *norm, mean, rstd, None, None,
            1, 1, mean.numel(), width, across, across, across,
            0, 0, 0, 0, 0, 0, 0, 0, 1.0, 1.0, EPS, True, 1,
        )  # fmt: skip
        return Kept(inner, mean, rstd)

    def single_backward(
        self, grad: Tensor, kept: Kept, norm: Norm, sums: Tensor, out: Tensor, across: int
    ) -> None:
        self.library.grid_step_backward(
            kept.inner, kept.mean, kept.rstd, grad, None, None, norm.scale, None, out, None, None,
            sums, 1, 1, kept.mean.numel(), len(norm.scale), across, across, across, across,
            0, 0, 0, 0, 0, 0, 0, 0, 0, sums.stride(0), 1,
        )  # fmt: skip

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
        mean, rstd = (None, None) if moments is None else moments.unbind()
        width = state.shape[3]
        self.library.grid_step(
            inner, state, out, *from_ends, *norm, mean, rstd, *to_ends,
            *state.shape, width, width, width, *strides(*from_ends, *to_ends),
            1 / state.shape[2], 1 / n, EPS, moments is not None, self.threads,
        )  # fmt: skip

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
        width = out.shape[3]
        self.library.grid_step_backward(
            kept.inner, kept.mean, kept.rstd, grad, *from_ends, norm.scale, back, out, *to_ends,
            parts, *out.shape, width, width, width, width, *strides(*from_ends, *to_ends),
            2 * width, width, self.threads,
        )  # fmt: skip


def strides(*ends: Tensor) -> list[int]:
    """Give the steps from network to network, and from neuron to neuron."""
    return [end.stride(axis) for end in ends for axis in (0, 1)]


def steps_for(states: Tensor) -> Steps:
    """Give the steps of kernels where there are any, else those of torch."""
    library = kernels.library(states)
    return Steps() if library is None else CompiledSteps(library)
