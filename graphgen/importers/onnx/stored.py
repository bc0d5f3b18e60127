"""Which stored arrays of real numbers are no parameters: masks, frequencies, tables of waves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HIDDEN = -1e4
"""What is added to a score so that nothing is left of it is at most this."""

MOST_ITEMS = 2**26


def is_fixed(array: NDArray[Any]) -> bool:
    """Say whether an array is what a formula gives, and nothing that was learned.

    >>> is_fixed(np.tri(4)), is_fixed(10000.0 ** -(np.arange(8) / 8)), is_fixed(np.ones(4))
    (True, True, False)
    """
    if array.size < 2 or array.size > MOST_ITEMS:
        return False
    if array.ndim == 1:
        return _is_geometric(array)
    return _is_mask(array) or _is_waves(array)


def _is_mask(array: NDArray[Any]) -> bool:
    """Say whether an array has 1 and 0 alone, or 0 and what hides scores."""
    low, high = array.min(), array.max()
    if high == 0 and low <= HIDDEN:
        return bool(((array == 0) | (array == low)).all())
    return bool(low == 0 and high == 1 and ((array == 0) | (array == 1)).all())


def _is_geometric(array: NDArray[Any]) -> bool:
    """Say whether numbers fall from 1 on by one ratio, as the frequencies of positions do."""
    plain = array.astype(np.float64)
    if plain.size < 3 or plain[0] != 1 or not (plain > 0).all() or plain[1] >= 1:
        return False
    ratios = plain[1:] / plain[:-1]
    return bool(np.allclose(ratios, ratios[0], rtol=1e-4, atol=0))


def _is_waves(array: NDArray[Any]) -> bool:
    """Say whether each column of a table has the sines or cosines of 0, f, 2 f and so on."""
    table = array.reshape(-1, array.shape[-1]).astype(np.float64)
    rows = len(table)
    if rows < 4 or np.prod(array.shape[:-2]) != 1 or np.abs(table).max() > 1 + 1e-6:
        return False
    begin = table[0]
    if not ((begin == 0) | (begin == 1)).all():
        return False
    f = np.where(begin == 1, np.arccos(np.clip(table[1], -1, 1)), np.arcsin(table[1].clip(-1, 1)))
    angles = np.arange(rows)[:, None] * f
    waves = np.where(begin == 1, np.cos(angles), np.sin(angles))
    # What is told of f by one row grows less sure with each.
    slack = 1e-5 + 1e-3 * np.arange(rows)[:, None] / np.maximum(1e-3, np.abs(np.sin(f)))
    return bool((np.abs(waves - table) <= np.minimum(slack, 0.2)).all() and f.any())
