"""Sine waves, a sin(b x)."""

from __future__ import annotations

import math

import numpy as np

from pipelines.signals.signal_set import Signal, SignalSet, generator, grid


class SineWaves(SignalSet):
    """The waves a sin(b x) on [-pi, pi], with a and b uniform in ranges, as of Navon et al. 2023.

    The coordinate is x / pi, at equal distances; the labels are `amplitude` a and `frequency` b.
    """

    dimensions = 1
    channels = 1
    peak = None

    def __init__(
        self,
        seed: int,
        amplitude: tuple[float, float],
        frequency: tuple[float, float],
        points: int,
    ) -> None:
        self.sizes = {"train": None, "test": None}
        self._seed = seed
        self._ranges = {"amplitude": amplitude, "frequency": frequency}
        self._grid = grid(points)

    def _signal(self, split: str, number: int) -> Signal:
        rng = generator(self._seed, split, number)
        labels = {
            name: low + (high - low) * rng.random() for name, (low, high) in self._ranges.items()
        }
        angles = labels["frequency"] * math.pi * self._grid.astype(np.float64)
        values = labels["amplitude"] * np.sin(angles)
        return Signal(self._grid, values.astype(np.float32), labels)
