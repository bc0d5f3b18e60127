"""The page's numbers as one run of float32, and its lists, each written once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT_BITS = 10
"""The bits of mantissa that a rounded number keeps; what is left out costs nothing compressed."""


class Buffer:
    """Numbers that the page reads from one array, by where they begin."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float32]] = []
        self.size = 0

    def add(self, values: NDArray[Any]) -> int:
        """Put values behind those before, and say where they begin."""
        with np.errstate(over="ignore"):
            part = np.asarray(values, dtype="<f4").reshape(-1)
        begin = self.size
        self._parts.append(part)
        self.size += part.size
        return begin

    def array(self) -> NDArray[np.float32]:
        """Give all values in one array."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, dtype="<f4")


def rounded(values: NDArray[Any]) -> NDArray[np.float32]:
    """Round to few bits of mantissa, to the nearest."""
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(values, dtype=np.float32)
    spare = 23 - KEPT_BITS
    bits = single.view(np.uint32)
    kept = (bits + np.uint32(1 << (spare - 1))) & np.uint32(0xFFFFFFFF << spare & 0xFFFFFFFF)
    return np.where(np.isfinite(single), kept.view(np.float32), single)


class Lists:
    """Lists of numbers that several places of the page refer to.

    `size` counts the numbers that do not follow from the one before: what lists cost compressed.
    """

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._lists: list[list[float]] = []
        self.size = 0

    def add(self, values: Sequence[float] | NDArray[Any]) -> int:
        """Give the place of a list."""
        array = np.asarray(values)
        key = array.dtype.char.encode() + array.tobytes()
        if key not in self._places:
            self._places[key] = len(self._lists)
            self._lists.append(array.tolist())
            steps = np.diff(array)
            self.size += 1 + int(np.count_nonzero(steps != (1 if array.dtype.kind in "iu" else 0)))
        return self._places[key]

    def plain(self) -> list[list[float]]:
        """Give all lists, in order."""
        return self._lists
