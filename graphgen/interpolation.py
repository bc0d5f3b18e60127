"""The straight line between two networks, and the barrier of the loss along it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError

Weights = Mapping[str, NDArray[Any]]


def interpolate(a: Weights, b: Weights, share: float) -> dict[str, NDArray[Any]]:
    """Give the weights at `share` of the way from a network to another, 0 to 1.

        middle = interpolate(a, b, 0.5)

    Tensors that are not floating point (counters) are those of `a`. Raises `GraphError` if the two
    do not have the same tensors.
    """
    if {n: x.shape for n, x in a.items()} != {n: x.shape for n, x in b.items()}:
        raise GraphError("two networks of one architecture are needed: their tensors differ")
    return {
        name: ((1 - share) * array + share * b[name]).astype(array.dtype)
        if array.dtype.kind == "f"
        else array
        for name, array in a.items()
    }


@dataclass(frozen=True)
class Barrier:
    """The losses at equal steps along a line, and how far they rise above its ends' own line."""

    shares: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def height(self) -> float:
        """The largest rise of the loss above the straight line between the losses of the ends."""
        first, last = self.losses[0], self.losses[-1]
        return max(
            loss - ((1 - share) * first + share * last)
            for share, loss in zip(self.shares, self.losses, strict=True)
        )


def loss_barrier(
    loss: Callable[[dict[str, NDArray[Any]]], float], a: Weights, b: Weights, points: int = 25
) -> Barrier:
    """Measure the loss along the straight line between two networks (Frankle et al. 2020).

        barrier = graphgen.loss_barrier(loss, a, graphgen.match(net, a, b).apply(b))
        barrier.height                       # 0 if the loss never rises above its ends' line

    `loss` takes weights; running statistics may have to be measured anew before it is computed,
    see `metanet.evaluate.reset_statistics`.
    """
    if points < 2:
        raise GraphError(f"a line needs at least 2 points, got {points}")
    shares = tuple(float(share) for share in np.linspace(0, 1, points))
    return Barrier(shares, tuple(float(loss(interpolate(a, b, share))) for share in shares))
