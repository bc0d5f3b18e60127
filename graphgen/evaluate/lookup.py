"""Lookups, in numpy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Lookup

Array = NDArray[Any]


PRIMES = (1, 2654435761, 805459861)
"""The factors of the spatial hash (Mueller et al. 2022, section 3)."""


def run(primitive: Lookup, x: Array, table: Array) -> Array:
    """Look up entries by indices (N, ...), or mix them by places (N, ..., k) in [-1, 1]."""
    if primitive.kind == "table":
        result: Array = table[x.astype(np.int64)]
        return result
    places = np.moveaxis(x, -1, 0)
    if primitive.kind == "grid":
        # Coordinate 0 runs along the last axis of cells.
        cells = table.shape[:0:-1]
        scaled = [
            (np.clip(place, -1, 1) + 1) / 2 * (count - 1)
            for place, count in zip(places, cells, strict=True)
        ]
    else:
        cells = (primitive.resolution + 1,) * len(places)
        scaled = [(np.clip(place, -1, 1) + 1) / 2 * primitive.resolution for place in places]
    low = [
        np.clip(np.floor(place), 0, max(count - 2, 0)).astype(np.int64)
        for place, count in zip(scaled, cells, strict=True)
    ]
    share = [place - index for place, index in zip(scaled, low, strict=True)]
    total: Array = np.zeros((), dtype=table.dtype)
    for corner in product((0, 1), repeat=len(low)):
        index = [
            np.minimum(i + step, count - 1)
            for i, step, count in zip(low, corner, cells, strict=True)
        ]
        factors = [s if step else 1 - s for s, step in zip(share, corner, strict=True)]
        coefficient = np.prod(factors, axis=0).astype(table.dtype)[..., None]
        if primitive.kind == "grid":
            entries = np.moveaxis(table[(slice(None), *index[::-1])], 0, -1)
        else:
            entries = table[hashed(index, primitive.resolution, table.shape[0])]
        total = total + coefficient * entries
    return total


def hashed(index: list[NDArray[np.int64]], resolution: int, entries: int) -> NDArray[np.int64]:
    """Give the entry of each corner: one of its own where there are enough, else by the hash."""
    result = np.zeros_like(index[0])
    if (resolution + 1) ** len(index) <= entries:
        for i in index:
            result = result * (resolution + 1) + i
        return result
    for i, prime in zip(index, PRIMES, strict=False):
        result = result ^ ((i * prime) & 0xFFFFFFFF)
    return result % entries
