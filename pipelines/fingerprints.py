"""Fingerprints: by which a network is known again in another graph set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet

SIZE = 20
"""Bytes of a mark: two of a thousand million networks agree once in 10^30 sets."""
ROUNDINGS = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))

Marks = frozenset[bytes]
"""The marks of one network: networks that share one are the same."""


def fingerprints(graph_set: GraphSet, chosen: Sequence[int]) -> list[Marks]:
    """Identify networks by their numbers in ascending order, rounded as half floats are.

        fingerprints(graph_set, [3, 5])[0] & fingerprints(other, [7])[0]       # empty, or the same

    So a network is known again in any graph set, whatever the names and the order of its layers,
    the order of its neurons, its record, and the dtype that holds its numbers, or did once. A
    network that was scaled, folded or trained on is another one.
    """
    return [marks_of(graph_set.values([i]).reshape(-1)) for i in chosen]


def marks_of(values: NDArray[np.floating]) -> Marks:
    """Give the marks of a network of such numbers."""
    wide = values.astype(np.float64)
    found = set()
    for rounding in ROUNDINGS:
        with np.errstate(over="ignore"):
            numbers = np.sort(wide.astype(rounding).astype(np.float64)) + 0.0  # no negative zeros
        digest = hashlib.sha256(rounding.name.encode() + numbers.tobytes())
        found.add(digest.digest()[:SIZE])
    return frozenset(found)


def all_marks(fingerprints: Iterable[Marks]) -> Marks:
    """Give the marks of all of some networks."""
    return frozenset().union(*fingerprints)
