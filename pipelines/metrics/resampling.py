"""Resampling: how often each network, and each seed, is drawn in a bootstrap."""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float32]
RESAMPLES = 1000
LEVEL = 0.95


def network_counts(groups: Sequence[Hashable], resamples: int = RESAMPLES, seed: int = 0) -> Counts:
    """Draw networks with replacement: how often each one is in each resample, (n, resamples).

        network_counts(["a", "b", "b"]).shape               # (3, 1000)

    Those of one group, such as the checkpoints of one training, are drawn together.
    """
    numbers: dict[Hashable, int] = {}
    places = [numbers.setdefault(group, len(numbers)) for group in groups]
    rng = np.random.default_rng([seed, 0])
    count = len(numbers)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.ascontiguousarray(drawn.T[places], dtype=np.float32)


def over_seeds(scores: Floats, model: str, seed: int = 0, ratio: bool = False) -> Floats:
    """Draw seeds with replacement: (seeds, resamples) to the mean over those that are drawn.

    A bootstrap of k values is too narrow by the factor 1 - 1/k of its variance, which is made up
    for: by widening the differences to the mean over all seeds, or, with `ratio`, the logarithms of
    the ratios to it, by which what is above zero stays there. Each model draws its own, since seed
    0 of one has nothing to do with that of another.
    """
    count, resamples = scores.shape
    middle: Floats = scores.mean(0)
    if count == 1:
        return middle
    rng = np.random.default_rng([seed, 1, zlib.crc32(model.encode("utf-8", "surrogatepass"))])
    weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples).T / count
    drawn = np.sum(scores * weights, axis=0)
    wider = np.sqrt(count / (count - 1))
    result: Floats = middle + wider * (drawn - middle)
    if ratio:
        above = (middle > 0) & (drawn > 0)
        times = np.where(above, drawn, 1) / np.where(above, middle, 1)
        result = np.where(above, middle * times**wider, np.minimum(middle, drawn))
    return result
