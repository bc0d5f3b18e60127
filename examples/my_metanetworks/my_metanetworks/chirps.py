"""Signals: waves that grow faster from left to right."""

import numpy as np

from pipelines.signals import Signal, SignalSet, grid
from pipelines.signals.signal_set import generator


class Chirps(SignalSet):
    """The waves sin(pi (a x + b x^2)), with `rate` a and `growth` b uniform up to the options."""

    dimensions = 1
    channels = 1
    peak = None

    def __init__(
        self, seed: int, rate: float = 3.0, growth: float = 3.0, points: int = 200
    ) -> None:
        self.sizes = {"train": None, "test": None}
        self.seed, self.rate, self.growth, self.points = seed, rate, growth, points

    def _signal(self, split: str, number: int) -> Signal:
        rng = generator(self.seed, split, number)
        a, b = rng.uniform(0, self.rate), rng.uniform(0, self.growth)
        x = grid(self.points)
        values = np.sin(np.pi * (a * x + b * x**2)).astype(np.float32)
        return Signal(x, values, {"rate": a, "growth": b})
