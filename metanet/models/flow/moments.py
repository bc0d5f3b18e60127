"""Moments of a population, on which flows and baselines rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphgen import Template
from metanet.batch import float_offsets
from metanet.errors import MetanetError
from metanet.options import shown

LEAST = 1e-6
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Moments:
    """A mean and a deviation for each of P parameters, float32 (P,).

    Of the standardised numbers there may be principal `directions` too, orthonormal rows (K, P),
    with their `variances` (K,); K may be 0. Raises `MetanetError` for other shapes.
    """

    mean: Rows
    deviation: Rows
    directions: Rows
    variances: Rows

    def __post_init__(self) -> None:
        for name, array in vars(self).items():
            if not isinstance(array, np.ndarray):
                raise MetanetError(f"`{name}` is {shown(array)}, expected an array")
        wanted = {
            "mean": (self.mean.size,),
            "deviation": (self.mean.size,),
            "directions": (self.variances.size, self.mean.size),
            "variances": (self.variances.size,),
        }
        for name, shape in wanted.items():
            if vars(self)[name].shape != shape:
                raise MetanetError(
                    f"`{name}` has the shape {list(vars(self)[name].shape)}, expected {list(shape)}"
                )

    def arrays(self) -> dict[str, Rows]:
        """Give all arrays, by the names of the fields."""
        return vars(self).copy()

    @property
    def rest(self) -> float:
        """The variance in all other directions: that which makes the mean variance 1."""
        count, size = self.directions.shape
        left = size - float(self.variances.sum(dtype=np.float64))
        return max(left / (size - count), LEAST) if size > count else 1.0


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


def principal(template: Template, values: Rows, count: int) -> Moments:
    """Give moments around the mean with the first `count` principal directions.

    Each direction is a network of its own, as the mean is.
    """
    found = around_mean(template, values)
    x = (values - found.mean) / found.deviation
    most = min(x.shape)
    if not 1 <= count < most:
        raise MetanetError(
            f"`principal` is {count}; {len(values)} networks of {x.shape[1]} numbers have "
            f"1 to {most - 1} directions to tell apart"
        )
    _, sizes, directions = np.linalg.svd(x.astype(np.float64), full_matrices=False)
    variances = np.square(sizes[:count]) / len(x)
    return replace(
        found,
        directions=directions[:count].astype(np.float32),
        variances=variances.clip(LEAST).astype(np.float32),
    )


def by_parameter(values: Rows) -> Moments:
    """Give the mean and the deviation of each parameter alone."""
    return rounded(values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64))


def rounded(mean: np.ndarray, deviation: np.ndarray) -> Moments:
    """Make moments without directions; no deviation is so small that dividing by it fails."""
    return Moments(
        mean.astype(np.float32),
        deviation.clip(LEAST).astype(np.float32),
        directions=np.empty((0, len(mean)), np.float32),
        variances=np.empty(0, np.float32),
    )
