"""What items gain by being put in each other's place, signs that may change included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.factors import Floats

Kind = tuple[int, ...]
Bools = NDArray[np.bool_]

MOST_TOGETHER = 3


def parity(signs: Bools, kinds: list[Kind]) -> Floats:
    """Say what signs do to weights of each kind, -1 or 1: (..., kinds) of signs (..., slots)."""
    factors = [1.0 - 2.0 * (signs[..., list(own)].sum(axis=-1) % 2) for own in kinds]
    return np.stack(factors, axis=-1)


def combined(gains: dict[int, Floats], kinds: list[Kind], slots: int) -> tuple[Floats, Bools]:
    """Choose for each pair of items the signs that gain most: gains, and (slots, items, items).

    A sign that stands alone in its weights takes the absolute value of what they gain. Of those
    that stand together some are tried in all combinations.
    """
    size = next(iter(gains.values())).shape
    signs = np.zeros((slots, *size), dtype=np.bool_)
    total = np.zeros(size)
    together = sorted({slot for kind in gains if len(kinds[kind]) > 1 for slot in kinds[kind]})
    together = together[:MOST_TOGETHER]
    joint = []
    for kind, gain in gains.items():
        own = kinds[kind]
        if len(own) == 1 and own[0] not in together:
            signs[own[0]] = gain < 0
            total += np.abs(gain)
        elif own:
            joint.append((own, gain))
        else:
            total += gain
    if joint:
        every = np.zeros((2 ** len(together), slots), dtype=np.bool_)
        every[:, together] = list(np.ndindex(*(2,) * len(together)))
        factors = parity(every, [own for own, _ in joint])
        totals = np.tensordot(factors, np.stack([gain for _, gain in joint]), axes=1)
        signs[together] = np.moveaxis(every[totals.argmax(axis=0)][..., together], -1, 0)
        total += totals.max(axis=0)
    return total, signs
