"""Random matrices of the groups that bonds may have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.families.bonds import HALVES, INTERLEAVED
from graphgen.families.flow import CENTRED, ORTHOGONAL

Floats = NDArray[np.float64]
SPREAD = 0.3
"""The standard deviation of the logarithms of the sizes that a random map stretches by."""


class MapGroup:
    """A group of n x n matrices: all invertible ones, or those that `demands` leave.

    Orthogonal ones; centred: those that leave the vector of ones as it is; those that commute with
    turning each pair of features, by angles of its own.
    """

    def __init__(self, size: int, demands: frozenset[str]) -> None:
        self.size, self.demands = size, demands
        self.orthogonal, self.centred = ORTHOGONAL in demands, CENTRED in demands
        self.paired = bool(demands & {HALVES, INTERLEAVED})

    @property
    def dimension(self) -> int:
        """The number of parameters of a matrix."""
        n = self.size
        if self.paired:
            return n // 2 if self.orthogonal else n
        if self.orthogonal:
            n -= self.centred
            return n * (n - 1) // 2
        return n * n

    def __str__(self) -> str:
        n = self.size
        if self.paired:
            return f"U(1)^{n // 2}" if self.orthogonal else f"GL(1, C)^{n // 2}"
        if self.orthogonal:
            return f"O({n - 1}) beside the mean" if self.centred else f"O({n})"
        return f"GL({n})"

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        """Draw matrices, (count, n, n): orthogonal parts uniformly, sizes log-normally."""
        n = self.size
        if self.paired:
            angles = rng.uniform(0, 2 * np.pi, (count, n // 2))
            sizes = np.exp(SPREAD * rng.standard_normal((count, n // 2)))
            return self.turning(np.exp(1j * angles) * (1.0 if self.orthogonal else sizes))
        if self.centred:
            rows = helmert(n)
            inner = orthogonal(rng, count, n - 1)
            return rows.T @ inner @ rows + 1 / n
        first = orthogonal(rng, count, n)
        if self.orthogonal:
            return first
        sizes = np.exp(SPREAD * rng.standard_normal((count, n, 1)))
        return first @ (sizes * orthogonal(rng, count, n))

    def turning(self, factors: NDArray[np.complex128]) -> Floats:
        """Write complex factors of pairs as matrices: (count, n / 2) to (count, n, n)."""
        result = np.zeros((len(factors), self.size, self.size))
        pairs = self.pairs()
        for k, (a, b) in enumerate(pairs.tolist()):
            z = factors[:, k]
            result[:, a, a] = result[:, b, b] = z.real
            result[:, b, a], result[:, a, b] = z.imag, -z.imag
        return result

    def pairs(self) -> NDArray[np.int64]:
        """List the two features of each pair."""
        n = np.arange(self.size)
        return n.reshape(-1, 2) if INTERLEAVED in self.demands else n.reshape(2, -1).T


def orthogonal(rng: np.random.Generator, count: int, size: int) -> Floats:
    """Draw orthogonal matrices uniformly."""
    q, r = np.linalg.qr(rng.standard_normal((count, size, size)))
    signs: Floats = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return q * signs[:, None, :]


def helmert(size: int) -> Floats:
    """Give an orthonormal basis of the vectors of mean 0, (n - 1, n)."""
    rows = np.tril(np.ones((size - 1, size)), 0)
    for k in range(size - 1):
        rows[k, : k + 1] = 1
        rows[k, k + 1 :] = 0
        rows[k, k + 1] = -(k + 1)
        rows[k] /= np.sqrt((k + 1) * (k + 2))
    return rows
