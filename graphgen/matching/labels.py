"""Labels of weights: 64 bits that are the same where the weights are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Hashes = NDArray[np.uint64]
Labels = dict[str, Hashes]

LEAST_APART = 0.5


def bits(values: NDArray[Any]) -> Hashes:
    """Give numbers as the bits that they have in double precision; 0 and -0 are one."""
    wide = np.asarray(values).astype(np.float64) + 0.0
    return wide.view(np.uint64)


def bits_of(arrays: Arrays) -> Labels:
    """Label the numbers of a network by their bits."""
    return {name: bits(array) for name, array in arrays.items()}


def clusters(first: Arrays, second: Arrays, gap: float) -> tuple[Labels, Labels] | None:
    """Label numbers of two networks such that those a rounding error apart have one label.

    `gap` is the relative error. None if there are numbers that the other network does not have, or
    so many lie so close that labels say little.
    """
    sides = [
        np.concatenate([np.asarray(a, dtype=np.float64).reshape(-1) for a in side.values()])
        for side in (first, second)
    ]
    # Sorted, copies agree; cheap to see where they do not.
    low, high = (np.sort(side) for side in sides)
    if (np.abs(low - high) > gap * np.abs(low)).any():
        return None
    values = np.concatenate(sides)
    order = np.argsort(values)
    ordered = values[order]
    size = np.maximum(np.abs(ordered[1:]), np.abs(ordered[:-1]))
    apart = np.diff(ordered) > gap * size
    if np.count_nonzero(apart) < LEAST_APART * len(np.unique(low)):
        return None
    labels = np.empty(len(values), dtype=np.uint64)
    labels[order] = np.concatenate([[0], np.cumsum(apart)]).astype(np.uint64)
    ours, theirs = (
        {name: part.reshape(np.shape(side[name])) for name, part in zip(side, parts, strict=True)}
        for side, parts in (
            (side, np.split(own, np.cumsum([np.size(a) for a in side.values()])[:-1]))
            for side, own in zip((first, second), np.split(labels, 2), strict=True)
        )
    )
    return ours, theirs
