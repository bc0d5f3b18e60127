"""Moments of a population, by tensor and by parameter, on which flows and baselines rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphgen import Template
from metanet.batch import float_offsets
from pipelines.generation.population import Rows

LEAST = 1e-6


@dataclass(frozen=True)
class Moments:
    """A mean and a deviation for each of P parameters, float32 (P,)."""

    mean: Rows
    deviation: Rows


def by_tensor(template: Template, values: Rows) -> Moments:
    """Give one mean and one deviation for each tensor, repeated for its parameters.

    Permuting the neurons of a network does not touch them.
    """
    mean, deviation = np.empty(values.shape[1]), np.empty(values.shape[1])
    for start, size in float_offsets(template).values():
        own = values[:, start : start + size].astype(np.float64)
        mean[start : start + size] = own.mean()
        deviation[start : start + size] = own.std()
    return rounded(mean, deviation)


def around_mean(template: Template, values: Rows) -> Moments:
    """Give the mean of each parameter, and one deviation from it for each tensor.

    The means are a network of their own, whose neurons are permuted along with those of others.
    """
    mean, deviation = values.mean(0, dtype=np.float64), np.empty(values.shape[1])
    for start, size in float_offsets(template).values():
        place = slice(start, start + size)
        deviation[place] = np.sqrt(np.square(values[:, place] - mean[place]).mean())
    return rounded(mean, deviation)


def by_parameter(values: Rows) -> Moments:
    """Give the mean and the deviation of each parameter alone."""
    return rounded(values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64))


def rounded(mean: np.ndarray, deviation: np.ndarray) -> Moments:
    """Make moments; what never varies has a small deviation, so that one may divide by it."""
    return Moments(mean.astype(np.float32), deviation.clip(LEAST).astype(np.float32))
