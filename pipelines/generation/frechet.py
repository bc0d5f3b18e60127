"""The Fréchet distance between two sets of features, each taken for a normal distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """Principal components of what training networks compute.

    features = Features.fit(train, 32)
    distance = frechet_distance(features(samples), features(held_out))
    """

    mean: Floats
    axes: Floats

    @classmethod
    def fit(cls, rows: NDArray[np.float32], components: int) -> Features:
        """Find the directions in which rows (N, d) vary most; at most N - 1 and d of them."""
        from sklearn.decomposition import PCA

        count = min(components, len(rows) - 1, rows.shape[1])
        found = PCA(count, svd_solver="randomized", random_state=0).fit(rows)
        return cls(found.mean_.astype(np.float64), found.components_.astype(np.float64))

    def __call__(self, rows: NDArray[np.float32]) -> Floats:
        """Give the coordinates of rows (N, d) along the axes, (N, components)."""
        return np.asarray((rows - self.mean) @ self.axes.T)


def frechet_distance(first: Floats, second: Floats) -> float:
    """Give |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two sets (N, d) (Heusel et al. 2017).

    It shrinks with the numbers of rows, so compare distances of equally many.

    >>> round(frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]])), 6)
    9.0
    """
    for rows in (first, second):
        if len(rows) < 2:
            raise PipelineError(
                f"the Fréchet distance needs two rows or more in each set, got {len(rows)}"
            )
    shift = first.mean(0) - second.mean(0)
    one, two = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (first, second))
    root = square_root(one)
    between = np.sqrt(np.linalg.eigvalsh(root @ two @ root).clip(0)).sum()
    return max(0.0, float(shift @ shift + np.trace(one) + np.trace(two) - 2 * between))


def square_root(matrix: Floats) -> Floats:
    """Give the symmetric square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
