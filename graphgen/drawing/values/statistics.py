"""Exact statistics of a block's values, in passes over pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Counts = NDArray[np.int64]
Pieces = Callable[[], Iterable[Array]]

QUANTILE = 0.995
BARS = 48
REACH = 4.0
"""A histogram spans at most so many times the quantile; what lies outside is counted."""
HIGH = 1 << 15
LARGEST = np.uint32(0x7F7FFFFF)
"""The bits of the largest float32."""


class Statistics:
    """What is known of some finite numbers, and how many others there are.

        found = Statistics.of(lambda: [array])
        found.plain(), found.histogram()

    The mean and the deviation are merged piece by piece (Chan, Golub & LeVeque, 1979). The quantile
    of magnitudes is that of the values in float32: its higher bits are found in a first pass, its
    lower ones in a second.
    """

    def __init__(self) -> None:
        self.count = self.finite = self.zeros = self.nan = self.inf = 0
        self.mean = self.squares = 0.0
        self.least, self.most = np.inf, -np.inf
        self.high: Counts = np.zeros(HIGH, dtype=np.int64)
        self.q995: float | None = None
        self.low_end = self.high_end = 0.0
        self.bars: Counts = np.zeros(BARS, dtype=np.int64)
        self.below = self.above = 0

    @classmethod
    def of(cls, pieces: Pieces) -> Statistics:
        """Go over pieces twice."""
        found = cls()
        for piece in pieces():
            found.add(piece)
        found.finish(pieces)
        return found

    def add(self, piece: Array) -> None:
        """Count a piece in the first pass."""
        self.count += piece.size
        values = self.sifted(piece)
        if not values.size:
            return
        self.zeros += values.size - int(np.count_nonzero(values))
        self.least = min(self.least, float(values.min()))
        self.most = max(self.most, float(values.max()))
        wide = values.astype(np.float64)
        mean = float(wide.mean())
        wide -= mean
        before, self.finite = self.finite, self.finite + values.size
        apart = mean - self.mean
        self.mean += apart * values.size / self.finite
        self.squares += float(wide @ wide) + apart * apart * before * values.size / self.finite
        self.high += np.bincount(magnitudes(values) >> 16, minlength=HIGH)

    def sifted(self, piece: Array) -> Array:
        """Give the finite values of a piece, and count the others."""
        if piece.dtype.kind != "f":
            return piece
        # Quicker than to look at each: the least and the most are NaN where one value is.
        with np.errstate(invalid="ignore"):
            if not piece.size or np.isfinite([piece.min(), piece.max()]).all():
                return piece
        finite = np.isfinite(piece)
        others = piece[~finite]
        nan = int(np.count_nonzero(np.isnan(others)))
        self.nan += nan
        self.inf += others.size - nan
        return piece[finite]

    def finish(self, pieces: Pieces) -> None:
        """Find the quantile and the histogram in a second pass."""
        if not self.finite:
            return
        place = ceil(QUANTILE * self.finite) - 1
        level, rest = ranked(self.high, place)
        reach = REACH * edge(level)
        self.low_end, self.high_end = self.least, self.most
        if 0 < reach < np.inf:
            self.low_end, self.high_end = max(self.least, -reach), min(self.most, reach)
        low = np.zeros(1 << 16, dtype=np.int64)
        for piece in pieces():
            values = piece
            if piece.dtype.kind == "f" and self.finite < self.count:
                values = piece[np.isfinite(piece)]
            bits = magnitudes(values)
            low += np.bincount(bits[bits >> 16 == level] & 0xFFFF, minlength=1 << 16)
            self._draw(values)
        found = np.uint32((level << 16) + ranked(low, rest)[0])
        self.q995 = float(found.view(np.float32))

    def _draw(self, values: Array) -> None:
        """Count values in the bars of the histogram, the highest value in the last."""
        width = self.high_end - self.low_end
        scale = BARS / width if width > 0 else 0.0
        wide = values.astype(np.float64)
        if self.low_end > self.least or self.high_end < self.most:
            below, above = wide < self.low_end, wide > self.high_end
            self.below += int(np.count_nonzero(below))
            self.above += int(np.count_nonzero(above))
            wide = wide[~(below | above)]
        wide -= self.low_end
        wide *= scale if np.isfinite(scale) else 0.0
        bars = np.minimum(wide.astype(np.int64), BARS - 1)
        self.bars += np.bincount(bars, minlength=BARS)

    def plain(self) -> dict[str, Any]:
        """Give the numbers that the page shows."""
        some = self.finite > 0
        variance = self.squares / self.finite if some else 0.0
        return {
            "count": self.count,
            "mean": finite(self.mean) if some else None,
            "std": finite(sqrt(variance)) if some else None,
            "rms": finite(sqrt(variance + self.mean * self.mean)) if some else None,
            "min": finite(self.least),
            "max": finite(self.most),
            "zeros": self.zeros,
            "nan": self.nan,
            "inf": self.inf,
            "q995": self.q995,
        }

    def histogram(self) -> dict[str, Any] | None:
        """Give the bars of the histogram; None where no value is finite."""
        if not self.finite:
            return None
        return {
            "low": finite(self.low_end),
            "high": finite(self.high_end),
            "counts": self.bars.tolist(),
            "below": self.below,
            "above": self.above,
        }


def magnitudes(values: Array) -> NDArray[np.uint32]:
    """Give the sizes of values as the bits of float32, which grow with them."""
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(values, dtype=np.float32)
    sizes = single.view(np.uint32) & np.uint32(0x7FFFFFFF)
    if values.dtype.itemsize > 4:
        np.minimum(sizes, LARGEST, out=sizes)
    return sizes


def ranked(counts: Counts, place: int) -> tuple[int, int]:
    """Say in which of some ordered bins the item of a place lies, and at which place there."""
    ends = np.cumsum(counts)
    level = int(np.searchsorted(ends, place, side="right"))
    return level, place - int(ends[level] - counts[level])


def edge(level: int) -> float:
    """Give the upper end of the magnitudes whose higher bits are these: within 1 %."""
    return float(np.uint32(min((level << 16) + 0xFFFF, 0x7F7FFFFF)).view(np.float32))


def quantile(high: Counts) -> float | None:
    """Give the quantile of all values that were counted, within 1 %."""
    count = int(high.sum())
    return edge(ranked(high, ceil(QUANTILE * count) - 1)[0]) if count else None


def finite(number: float) -> float | None:
    """Give a number that JSON can say, or None."""
    return float(number) if np.isfinite(number) else None
