"""The matrix, or complex number, that brings what one network's units have close to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 30
LEAST = 1e-9
GOLDEN = (5**0.5 - 1) / 2
FARTHEST = 4.0
"""Pairs are scaled by less than e to the power of this, or its inverse."""


def orthogonal(products: Floats, centred: bool = False) -> Floats:
    """Give the orthogonal matrices Q that make the inner product with Q largest (Schönemann 1966).

    `products` are sums of Y X^T: (..., n, n), and so is the result: Q X lies closest to Y. Where
    it is `centred`, Q keeps the vector of ones, as a mean over all rows does.
    """
    if centred:
        size = products.shape[-1]
        ones = np.full((size, 1), size**-0.5)
        rest = np.linalg.svd(ones)[0][:, 1:]
        inner = orthogonal(rest.T @ products @ rest)
        kept: Floats = rest @ inner @ rest.T + ones @ ones.T
        return kept
    left, _, right = np.linalg.svd(products)
    result: Floats = left @ right
    return result


def invertible(
    ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], orthogonal_first: Floats
) -> Floats:
    """Give an invertible M for which M X lies close to Y, and M^-T U to V.

    `ours` are Y and V, (n, ...), `theirs` X and U. Goes on from an orthogonal matrix by steps of
    Gauss and Newton: of a small change E, M becomes (1 + E) M and the other side (1 - E^T) of it,
    so that the best E solves E P + Q E = R, with P and Q the Gram matrices of both sides. A
    step is halved until it comes closer.
    """
    (y, v), (x, u) = ours, theirs
    matrix = orthogonal_first
    a, b = matrix @ x, matrix @ u

    def far(p: Floats, q: Floats) -> float:
        return float(np.square(p - y).sum() + np.square(q - v).sum())

    best = far(a, b)
    for _ in range(STEPS):
        change = sylvester(a @ a.T, b @ b.T, (y - a) @ a.T - b @ (v - b).T)
        if change is None:
            break
        share = 1.0
        before = best
        while share > LEAST:
            step = np.eye(len(matrix)) + share * change
            if np.linalg.cond(step) < 1 / LEAST:
                p, q = step @ a, np.asarray(np.linalg.solve(step.T, b), dtype=np.float64)
                now = far(p, q)
                if now < best:
                    matrix, a, b, best = step @ matrix, p, q, now
                    break
            share /= 2
        if before - best <= LEAST * before:
            break
    return matrix


def sylvester(p: Floats, q: Floats, right: Floats) -> Floats | None:
    """Solve E P + Q E = R for symmetric P and Q; None where that has no one solution."""
    own, left = np.linalg.eigh(p)
    other, second = np.linalg.eigh(q)
    sums = other[:, None] + own[None, :]
    if sums.min() <= LEAST * sums.max():
        return None
    result: Floats = second @ ((second.T @ right @ left) / sums) @ left.T
    return result


def phases(products: Floats, pairs: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Give the complex inner product of each pair of rows, (..., pairs), of sums of Y X^T.

    Its angle is that by which X is turned to lie closest to Y, and its size what it then gains.
    """
    a, b = pairs.T
    real = products[..., a, a] + products[..., b, b]
    imaginary = products[..., b, a] - products[..., a, b]
    result: NDArray[np.complex128] = real + 1j * imaginary
    return result


def unit(numbers: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Give complex numbers of size 1; 1 for 0."""
    size = np.abs(numbers)
    return np.where(size > 0, numbers / np.where(size > 0, size, 1), 1)


def scaled(
    ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], pairs: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """Give a complex z of each pair for which z X lies closest to Y, and U / conj(z) to V.

    `ours` are Y and V, (copies, n, ...), `theirs` X and U. Of each size the best angle is known;
    the size is found on a grid, and then between its neighbours.
    """
    one, other = (
        phases(np.matmul(y, np.swapaxes(x, -1, -2)), pairs)
        for y, x in zip(ours, theirs, strict=True)
    )
    a, b = (np.square(x[:, pairs]).sum(axis=(-1, -2)) for x in theirs)

    def gain(logs: Floats) -> Floats:
        grown = np.exp(logs)
        value: Floats = 2 * np.abs(grown * one + other / grown) - grown**2 * a - b / grown**2
        return value

    grid = np.linspace(-FARTHEST, FARTHEST, 129)
    gains = gain(grid.reshape(-1, *(1,) * one.ndim))
    logs = grid[gains.argmax(axis=0)]
    step = grid[1] - grid[0]
    low, high = logs - step, logs + step
    for _ in range(2 * STEPS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        lower = gain(left) > gain(right)
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    found = (low + high) / 2
    better = (a > 0) & (b > 0) & (gain(found) > gain(np.zeros_like(found)))
    grown = np.exp(np.where(better, found, 0.0))
    return grown * unit(grown * one + other / grown)
