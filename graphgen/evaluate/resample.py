"""Interpolation in space, in numpy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Resample

CUBIC = -0.75
"""The coefficient of the cubic convolution that PyTorch takes."""

Tap = tuple[NDArray[np.int64], NDArray[np.float64]]
"""For each new position of one axis an old one, and its share."""


def run(primitive: Resample, x: NDArray[Any]) -> NDArray[Any]:
    """Bring x (N, C, *space) to another size, one axis after the other."""
    for axis in range(2, x.ndim):
        if primitive.mode.startswith("nearest"):
            x = x.take(nearest(primitive, axis - 2, x.shape[axis]), axis)
            continue
        result: Any = 0
        for places, shares in taps(primitive, axis - 2, x.shape[axis]):
            along = shares.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
            result = result + x.take(places, axis) * along
        x = result
    return x


def nearest(primitive: Resample, axis: int, before: int) -> NDArray[np.int64]:
    """Give the nearest old position for each new one of an axis, without rounding any ratio."""
    after = primitive.size[axis]
    ratio = Fraction(before, after)
    if primitive.scale:
        ratio = 1 / Fraction(repr(primitive.scale[axis]))
    half = Fraction(1, 2) if primitive.mode == "nearest-exact" else Fraction(0)
    places = [min(int((i + half) * ratio), before - 1) for i in range(after)]
    return np.array(places, dtype=np.int64)


def taps(primitive: Resample, axis: int, before: int) -> list[Tap]:
    """Give the old positions of an axis that each new one mixes, one for each tap."""
    if primitive.mode.startswith("nearest"):
        return [(nearest(primitive, axis, before), np.ones(primitive.size[axis]))]
    if primitive.mode == "linear" and before == primitive.size[axis]:
        return [(np.arange(before), np.ones(before))]  # whatever the scale, as in PyTorch
    places = sources(primitive, axis, before)
    low = np.floor(places).astype(np.int64)
    share = places - low
    if primitive.mode == "linear":
        return [(low, 1 - share), (np.minimum(low + 1, before - 1), share)]
    shares = outer(share + 1), inner(share), inner(1 - share), outer(2 - share)
    return [
        (np.clip(low + step, 0, before - 1), weight)
        for step, weight in zip(range(-1, 3), shares, strict=True)
    ]


def sources(primitive: Resample, axis: int, before: int) -> NDArray[np.float64]:
    """Say where between the old positions each new position of one axis lies."""
    after = primitive.size[axis]
    if primitive.align_corners:
        return np.arange(after, dtype=np.float64) * ((before - 1) / max(after - 1, 1))
    ratio = 1 / primitive.scale[axis] if primitive.scale else before / after
    places: NDArray[np.float64] = (np.arange(after, dtype=np.float64) + 0.5) * ratio - 0.5
    return np.clip(places, 0, before - 1) if primitive.mode == "linear" else places


def inner(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the cubic kernel at distances up to 1 (Keys 1981, eq. 15)."""
    return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1


def outer(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the cubic kernel at distances from 1 to 2."""
    return ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC
