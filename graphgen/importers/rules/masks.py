"""Fixed masks of attention: which keys are hidden, and whether that is a band."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.rules.constants import band_of

HIDDEN = -1e4
"""What is at most this hides a key: the share of its exponential is 0 in any precision."""

Seen = NDArray[np.bool_]


def hides(value: float) -> bool:
    """Say whether scores of this value have no share."""
    return bool(value <= HIDDEN)


def seen_of(mask: NDArray[Any]) -> Seen | None:
    """Say which keys a mask that is added leaves, if it says no more than that."""
    zero = mask == 0
    return zero if bool(np.all(zero | (mask <= HIDDEN))) else None


def over_scores(seen: Seen, rank: int) -> Seen:
    """Give a mask as many axes as the scores have, and one item where all are alike."""
    full = seen.reshape((1,) * (rank - seen.ndim) + seen.shape)
    for axis in range(rank - 2):
        first = full.take([0], axis)
        if np.array_equal(np.broadcast_to(first, full.shape), full):
            full = first
    return full


def fields_of(seen: Seen, queries: int, keys: int) -> dict[str, Any] | None:
    """Say a mask by the fields of attention; None where these cannot say it.

    >>> fields_of(np.tril(np.ones((4, 4), bool)), 4, 4)
    {'is_causal': True}
    """
    if any(n != 1 for n in seen.shape[:-2]):
        return None
    whole = np.broadcast_to(seen.reshape(seen.shape[-2:]), (queries, keys))
    if whole.all():
        return {}
    band = band_of(whole.astype(np.int64))
    if band is None or queries != keys:
        return None
    before, after = band.get("before"), band.get("after")
    if after == 0:
        window = {} if before is None else {"sliding_window": before + 1}
        return {"is_causal": True} | window
    if before is not None and before == after:
        return {"sliding_window": before + 1}
    return None


def as_bias(seen: Seen) -> NDArray[np.float32]:
    """Give a mask as what is added to scores."""
    return np.where(seen, np.float32(0), np.float32(-np.inf))
