"""One network of several that were fine-tuned from one, where what they learned disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, concerning
from graphgen.finite import check_finite
from graphgen.matching.matching import flag
from graphgen.merging.averages import Arrays, alike, combined, listed, numbers, widened
from graphgen.sources import Weights

Array = NDArray[Any]


def ties(
    base: Weights,
    networks: Sequence[Weights],
    shares: Sequence[float] | None = None,
    *,
    density: float | Sequence[float] = 0.2,
    normalize: bool = True,
    scale: float = 1.0,
) -> Arrays:
    """Add to a network what others learned beyond it and agree on (Yadav et al., NeurIPS 2023).

        merged = ties(a, [b], density=0.2)             # or several, fine-tuned from a

    Of each network's difference to `base` the largest numbers stay, a share `density` of each
    tensor (one for all, or one a network; one number at least); each place takes the sign of the
    sum of these, by `shares`; and those of that sign are averaged, or added up if not `normalize`,
    and multiplied by `scale`. The networks are fine-tuned from `base`, or in one frame with it.
    Dtypes and what is not floating point are those of `base`. Raises `GraphError` for networks that
    do not have the same tensors, numbers that are complex or not finite, and densities that are
    not above 0 and at most 1.
    """
    every = alike([base, *listed(networks, "networks")], "networks")
    first, others = every[0], every[1:]
    each = numbers([1.0] * len(others) if shares is None else shares, len(others), "shares")
    one = isinstance(density, (int, float)) and not isinstance(density, bool)
    kept = numbers([density] * len(others) if one else density, len(others), "density")
    if not all(0 < share <= 1 for share in kept):
        raise GraphError(f"`density` is {density}; expected what is above 0 and at most 1")
    normalize = flag(normalize, "normalize")
    (factor,) = numbers([scale], 1, "scale")
    for number, own in enumerate(every):
        with concerning(f"networks[{number - 1}]" if number else "base"):
            check_finite(own)
    for name, array in first.items():
        if array.dtype.kind == "c":
            raise GraphError(f"{name} has complex numbers, which have no sign; expected real ones")

    def task(name: str) -> Array:
        own = widened(first[name])
        total, shared, signs = (np.zeros(own.shape, own.dtype) for _ in range(3))
        parts = [
            trimmed(widened(w[name]) - own, share) for w, share in zip(others, kept, strict=True)
        ]
        for part, share in zip(parts, each, strict=True):
            signs += share * part
        signs = np.where(signs >= 0, 1, -1)
        for part, share in zip(parts, each, strict=True):
            agreeing = np.sign(share * part) == signs
            total += np.where(agreeing, share * part, 0)
            shared += np.where(agreeing, share, 0)
        if normalize:
            total /= np.where(shared == 0, 1, shared)
        result: Array = own + factor * total
        return result

    return combined(first, task)


def trimmed(change: Array, density: float) -> Array:
    """Keep a share of the numbers of a tensor, those of the largest size, and zeros for others."""
    count = max(1, int(density * change.size))
    if count >= change.size:
        return change
    order = np.argsort(-np.abs(change), axis=None, kind="stable")
    kept = np.zeros(change.shape, change.dtype)
    kept.reshape(-1)[order[:count]] = change.reshape(-1)[order[:count]]
    return kept
