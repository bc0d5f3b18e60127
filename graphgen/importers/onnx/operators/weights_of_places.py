"""The weights of old items in new ones, along one axis that is interpolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Way:
    """How an axis is interpolated: the mode, where new items lie, how places are rounded."""

    mode: str
    coordinates: str
    rounding: str
    cubic: float = -0.75
    inside_only: bool = False
    smooth: bool = False
    outside: float = 0.0


def matrix_of(
    way: Way, old: int, new: int, scale: float, region: tuple[float, float] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give weights `[new, old]`, and which new items lie outside and have a value of their own."""
    matrix = np.zeros((new, old))
    places = np.array([_place(way, i, old, new, scale, region) for i in range(new)])
    beyond = np.zeros(new, dtype=bool)
    if way.coordinates == "tf_crop_and_resize":
        beyond = (places < 0) | (places > old - 1)
    for row, place in enumerate(places):
        if not beyond[row]:
            _fill(way, matrix[row], float(place), scale)
    return matrix, beyond


def _place(
    way: Way, i: int, old: int, new: int, scale: float, region: tuple[float, float] | None
) -> float:
    """Say where a new item lies among the old ones."""
    width = scale * old
    if way.coordinates == "asymmetric":
        return i / scale
    if way.coordinates == "align_corners":
        return 0.0 if width == 1 else i * (old - 1) / (width - 1)
    if way.coordinates == "tf_crop_and_resize":
        start, end = region or (0.0, 1.0)
        if new == 1:
            return 0.5 * (start + end) * (old - 1)
        return start * (old - 1) + i * (end - start) * (old - 1) / (width - 1)
    if way.coordinates == "pytorch_half_pixel" and new == 1:
        return 0.0
    shift = 0.0
    if way.coordinates == "half_pixel_symmetric":
        shift = old / 2 * (1 - new / width)
    elif way.coordinates not in ("half_pixel", "pytorch_half_pixel"):
        raise ValueError(f"`coordinate_transformation_mode` is {way.coordinates!r}")
    return shift + (i + 0.5) / scale - 0.5


def _fill(way: Way, row: NDArray[Any], place: float, scale: float) -> None:
    """Write the weights of the old items around a place; beyond the ends the last one counts."""
    if way.mode == "nearest":
        row[min(max(_rounded(way.rounding, place), 0), len(row) - 1)] = 1.0
        return
    narrow = min(scale, 1.0) if way.smooth else 1.0
    reach = (1.0 if way.mode == "linear" else 2.0) / narrow
    near = np.arange(int(np.floor(place - reach)), int(np.ceil(place + reach)) + 1)
    weights = _weight(way, (near - place) * narrow)
    if way.inside_only:
        weights = np.where((near < 0) | (near >= len(row)), 0.0, weights)
    if way.smooth or way.inside_only:
        weights = weights / weights.sum()
    np.add.at(row, np.clip(near, 0, len(row) - 1), weights)


def _rounded(word: str, place: float) -> int:
    if word == "floor":
        return int(np.floor(place))
    if word == "ceil":
        return int(np.ceil(place))
    if word == "round_prefer_ceil":
        return int(np.floor(place + 0.5))
    return int(np.ceil(place - 0.5))


def _weight(way: Way, distance: NDArray[Any]) -> NDArray[Any]:
    """Give the weight of items at a distance."""
    d = np.abs(distance)
    if way.mode == "linear":
        near: NDArray[Any] = np.clip(1 - d, 0, 1)
        return near
    a = way.cubic
    close = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    found: NDArray[Any] = np.where(d <= 1, close, np.where(d < 2, far, 0.0))
    return found
