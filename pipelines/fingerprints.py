"""Fingerprints: by which a network is known again in another graph set."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from graphgen import GraphSet

SIZE = 16
"""Bytes of a fingerprint: two of a thousand million networks agree once in 10^20 sets."""


def fingerprints(graph_set: GraphSet, chosen: Sequence[int]) -> list[bytes]:
    """Identify networks by their architecture and the values of their floats.

        fingerprints(graph_set, [3, 5])

    They are the same in every graph set that has a network, whatever its place, its record and the
    dtype that holds its numbers.
    """
    found = []
    for i in chosen:
        digest = hashlib.sha256(graph_set.records[i]["architecture"].encode())
        values = graph_set.values([i])
        digest.update(np.ascontiguousarray(values, np.dtype("<f8")).tobytes())
        found.append(digest.digest()[:SIZE])
    return found
