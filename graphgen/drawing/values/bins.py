"""Binned values: a large matrix as a picture of at most 64 by 64, with exact norms beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.values.tiles import Ints, tiles
from graphgen.template import EdgeBlock

Floats = NDArray[np.float64]

MOST_NORMS = 4096


@dataclass(frozen=True)
class Bins:
    """How one side of a display array is cut: `cells` of `taps` each, into `count` bins.

    Bins are runs of whole cells, or equal parts of single cells.
    """

    cells: int
    taps: int
    count: int

    @cached_property
    def edges(self) -> Ints:
        """The first line of each bin, and the end, (count + 1)."""
        places = np.arange(self.count + 1, dtype=np.int64)
        if self.whole:
            return places * self.cells // self.count * self.taps
        return places * (self.cells * self.taps // self.count)

    @property
    def whole(self) -> bool:
        """Whether no cell is cut."""
        return self.count <= self.cells

    def of_cells(self) -> Ints:
        """Give the bin of each cell, of bins that cut none."""
        starts = self.edges[:-1] // self.taps
        return np.searchsorted(starts, np.arange(self.cells), side="right") - 1


def bins_of(cells: int, taps: int, most: int, grain: int = 0) -> Bins:
    """Choose the bins of cells, at most so many.

    If possible all bins are of one size, and lie within runs of `grain` cells or are made of such
    runs: then permutations of the runs, and inside of them, can take bins to bins.
    """
    grain = grain or cells
    if cells <= most:
        parts = max(d for d in range(1, most // cells + 1) if taps % d == 0)
        return Bins(cells, taps, cells * parts)
    for count in range(most, most // 2, -1):
        size, rest = divmod(cells, count)
        if not rest and (grain % size == 0 or size % grain == 0):
            return Bins(cells, taps, count)
    return Bins(cells, taps, most)


def bins_of_block(block: EdgeBlock, most: int, grains: Sequence[int] = (0, 0)) -> tuple[Bins, Bins]:
    """Choose the bins of a block's rows and columns, whose grains may be given."""
    matrix = MatrixView(block)
    height, width = matrix.taps
    return (
        bins_of(matrix.rows, height, most, grains[0]),
        bins_of(matrix.columns, width, most, grains[1]),
    )


@dataclass(frozen=True)
class Binned:
    """A block's bins: root mean squares and means, and those of rows and columns of cells.

    NaN where no value is finite.
    """

    rms: Floats
    mean: Floats
    row_rms: Floats
    column_rms: Floats


def binned(
    block: EdgeBlock, array: NDArray[Any], rows: Bins, columns: Bins, means: bool = True
) -> Binned:
    """Go over a block once, and gather its values in bins; `mean` is empty unless asked for."""
    bins = (
        rows,
        columns,
        *(Bins(b.cells, b.taps, min(b.cells, MOST_NORMS)) for b in (rows, columns)),
    )
    squares, totals, missing = (Sums(bins) for _ in range(3))
    for values, at, beside in tiles(block, array):
        wide = values.astype(np.float64)
        place = Place.of(bins, at, beside)
        with np.errstate(invalid="ignore", over="ignore"):
            certain = np.isfinite(wide.sum())
        if not certain and (others := ~np.isfinite(wide)).any():
            wide[others] = 0
            missing.add(others.astype(np.float64), place)
        if means:
            totals.add(wide, place)
        squares.add(np.square(wide, out=wide), place)
    sizes = [np.diff(b.edges) for b in bins]
    lines = [np.array([b.edges[-1]]) for b in (rows, columns)]
    sides = (sizes[0], sizes[1]), (sizes[2], lines[1]), (lines[0], sizes[3])
    counts = [np.outer(*pair) - found for pair, found in zip(sides, missing.parts(), strict=True)]
    with np.errstate(invalid="ignore"):
        rms = [np.sqrt(s / n) for s, n in zip(squares.parts(), counts, strict=True)]
        mean = totals.bins / counts[0] if means else np.empty(0)
    return Binned(rms[0], mean, rms[1].reshape(-1), rms[2].reshape(-1))


class Place(NamedTuple):
    """Where a piece of a display array lies: the bins of its rows and columns, and those of norms.

    Each in growing order, as which bins there are and where each begins in the piece.
    """

    rows: tuple[Ints, Ints]
    columns: tuple[Ints, Ints]
    row_norms: tuple[Ints, Ints]
    column_norms: tuple[Ints, Ints]

    @classmethod
    def of(cls, bins: Sequence[Bins], at: Ints, beside: Ints) -> Place:
        """Find the bins of a piece's rows and columns."""
        return cls(*(runs(b, lines) for b, lines in zip(bins, (at, beside) * 2, strict=True)))


def runs(bins: Bins, lines: Ints) -> tuple[Ints, Ints]:
    """Give the bins of some lines of a display array, and where each begins among them."""
    found = np.searchsorted(bins.edges[:-1], lines, side="right") - 1
    begin = np.flatnonzero(np.diff(found, prepend=-1))
    return found[begin], begin


class Sums:
    """Sums over bins, and over rows and columns of cells."""

    def __init__(self, bins: Sequence[Bins]) -> None:
        self.bins = np.zeros((bins[0].count, bins[1].count))
        self.rows, self.columns = np.zeros(bins[2].count), np.zeros(bins[3].count)

    def add(self, values: Floats, place: Place) -> None:
        """Add a piece."""
        across = gathered(values, place.columns[1], 1)
        self.bins[np.ix_(place.rows[0], place.columns[0])] += gathered(across, place.rows[1], 0)
        self.rows[place.row_norms[0]] += gathered(across.sum(axis=1), place.row_norms[1], 0)
        self.columns[place.column_norms[0]] += gathered(
            values.sum(axis=0), place.column_norms[1], 0
        )

    def parts(self) -> tuple[Floats, Floats, Floats]:
        """Give all sums: of bins, (rows, columns), of rows, (rows, 1), of columns, (1, columns)."""
        return self.bins, self.rows[:, None], self.columns[None]


def gathered(values: Floats, begin: Ints, axis: int) -> Floats:
    """Add up the values between these places along an axis."""
    if len(begin) == values.shape[axis]:
        return values
    if len(begin) == 1:
        return np.asarray(values.sum(axis=axis, keepdims=True))
    return np.asarray(np.add.reduceat(values, begin, axis=axis))
