"""Lookups, in torch."""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Lookup

PRIMES = (1, 2654435761, 805459861)
"""The factors of the spatial hash (Mueller et al. 2022, section 3)."""


def run(primitive: Lookup, training: bool, x: Tensor, table: Tensor) -> Tensor:
    """Look up entries by indices (N, ...), or mix them by places (N, ..., k) in [-1, 1]."""
    if primitive.kind == "table":
        return F.embedding(x.long(), table)
    places = x.clamp(-1, 1).unbind(-1)
    if primitive.kind == "grid":
        cells = tuple(reversed(table.shape[1:]))
    else:
        cells = (primitive.resolution + 1,) * len(places)
    scaled = [(place + 1) / 2 * (count - 1) for place, count in zip(places, cells, strict=True)]
    low = [
        place.detach().floor().clamp(0, max(count - 2, 0)).long()
        for place, count in zip(scaled, cells, strict=True)
    ]
    share = [place - index for place, index in zip(scaled, low, strict=True)]
    total = table.new_zeros(())
    for corner in product((0, 1), repeat=len(low)):
        index = [
            (i + step).clamp(max=count - 1)
            for i, step, count in zip(low, corner, cells, strict=True)
        ]
        coefficient = torch.ones_like(share[0])
        for s, step in zip(share, corner, strict=True):
            coefficient = coefficient * (s if step else 1 - s)
        if primitive.kind == "grid":
            entries = table.movedim(0, -1)[tuple(index[::-1])]
        else:
            entries = table[hashed(index, primitive.resolution, table.shape[0])]
        total = total + coefficient.to(table.dtype)[..., None] * entries
    return total


def hashed(index: list[Tensor], resolution: int, entries: int) -> Tensor:
    """Give the entry of each corner: one of its own where there are enough, else by the hash."""
    result = torch.zeros_like(index[0])
    if (resolution + 1) ** len(index) <= entries:
        for i in index:
            result = result * (resolution + 1) + i
        return result
    for i, prime in zip(index, PRIMES, strict=False):
        result = result ^ ((i * prime) & 0xFFFFFFFF)
    return result % entries
