"""Arrays laid out anew: other items along their axes, wherever an axis is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.units.axes import Axes
from graphgen.units.extents import Extent, size_of

Array = NDArray[Any]
Indices = NDArray[np.int64]


def laid_out(
    array: Array, axes: Axes, items: Mapping[Extent, Indices], sizes: Mapping[Extent, int]
) -> Array:
    """Give an array with other items along its axes: those named, 0 where that is -1."""
    result = array
    for k, extent in enumerate(axes):
        index = source(extent, items, sizes)
        if len(index) == array.shape[k] and bool((index == np.arange(len(index))).all()):
            continue
        result = np.take(result, index, axis=k)
        result[(slice(None),) * k + (index < 0,)] = 0
    return result


def source(extent: Extent, items: Mapping[Extent, Indices], sizes: Mapping[Extent, int]) -> Indices:
    """Say of each coordinate along an axis of the widest where it lies in the narrower; or -1."""
    own = extent.root

    def size(part: Extent) -> int:
        return size_of(part, lambda atom: sizes.get(atom, atom.size))

    if own.is_atom:
        return items[own] if own in items else np.arange(size(own))
    if own.terms:
        at, parts = 0, []
        for term in own.terms:
            part = source(term, items, sizes)
            parts.append(np.where(part < 0, -1, part + at))
            at += size(term)
        return np.concatenate(parts)
    found: Indices = np.zeros(1, dtype=np.int64)
    for factor in own.factors:
        part = source(factor, items, sizes)
        inner = np.where(part < 0, -1, found[:, None] * size(factor) + part)
        found = np.where(found[:, None] < 0, -1, inner).reshape(-1)
    return found
