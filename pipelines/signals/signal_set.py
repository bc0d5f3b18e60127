"""The form that every set of signals takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError

SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class Signal:
    """One signal, as the points at which a network is fitted to it.

    Attributes:
        coordinates: float32 `(P, d)`, in [-1, 1].
        values: float32 `(P, c)`.
        labels: what is known of it, as plain data, such as `{"class": 7}`.
    """

    coordinates: NDArray[np.float32]
    values: NDArray[np.float32]
    labels: dict[str, Any]


class SignalSet(ABC):
    """Signals in two splits, each found by its split and its number there.

    Attributes:
        dimensions: d, the number of coordinates.
        channels: c, the number of values at a point.
        sizes: the number of signals in each split; None where there is no end of them.
        peak: the largest value there can be, to which PSNR refers; None where that is the range
            of each signal's own values.
    """

    dimensions: int
    channels: int
    sizes: Mapping[str, int | None]
    peak: float | None

    def signal(self, split: str, number: int) -> Signal:
        """Give one signal, which depends on nothing else that was asked for.

        Raises `PipelineError` if the split has no signal of that number.
        """
        size = self.sizes.get(split, 0)
        if number < 0 or (size is not None and number >= size):
            counts = ", ".join(
                f"{name} {'without end' if count is None else count}"
                for name, count in self.sizes.items()
            )
            raise PipelineError(
                f"there is no signal {number} in the split {split!r}; there are: {counts}"
            )
        return self._signal(split, number)

    @abstractmethod
    def _signal(self, split: str, number: int) -> Signal:
        """Give a signal that is there."""


def generator(seed: int, split: str, number: int) -> np.random.Generator:
    """Begin the chance of one signal, which is that of no other."""
    key = (SPLITS.index(split), number)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def grid(*sizes: int) -> NDArray[np.float32]:
    """Give the points of a regular grid over [-1, 1]^d, ends included, the last axis fastest.

    Those of an image of H by W pixels are `grid(H, W)`: rows first, then columns.

    >>> grid(2, 3).tolist()
    [[-1.0, -1.0], [-1.0, 0.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    axes = [np.linspace(-1, 1, size, dtype=np.float32) for size in sizes]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(sizes))
