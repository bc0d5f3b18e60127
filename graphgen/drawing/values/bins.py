"""Binned values: a large matrix as a picture of at most 64 by 64, with exact norms beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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


def binned(block: EdgeBlock, array: NDArray[Any], rows: Bins, columns: Bins) -> Binned:
    """Go over a block once, and gather its values in bins."""
    sums = Sums(rows.count, columns.count)
    lines = [Bins(b.cells, b.taps, min(b.cells, MOST_NORMS)) for b in (rows, columns)]
    upright, lying = Sums(lines[0].count, 1), Sums(1, lines[1].count)
    for values, at, beside in tiles(block, array):
        wide = values.astype(np.float64)
        finite = None
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            finite = np.isfinite(values)
            wide[~finite] = 0
        places = [located(b, lines_at) for b, lines_at in ((rows, at), (columns, beside))]
        norms = [located(b, lines_at) for b, lines_at in zip(lines, (at, beside), strict=True)]
        sums.add(wide, finite, *places)
        upright.add(wide, finite, norms[0], np.zeros(len(beside), np.int64))
        lying.add(wide, finite, np.zeros(len(at), np.int64), norms[1])
    return Binned(sums.rms(), sums.mean(), upright.rms().ravel(), lying.rms().ravel())


def located(bins: Bins, lines: Ints) -> Ints:
    """Give the bins of some lines of a display array."""
    return np.searchsorted(bins.edges[:-1], lines, side="right") - 1


class Sums:
    """Counts, sums and sums of squares in a grid of bins."""

    def __init__(self, rows: int, columns: int) -> None:
        self.count, self.total, self.squares = np.zeros((3, rows, columns))

    def add(self, values: Floats, finite: NDArray[np.bool_] | None, at: Ints, beside: Ints) -> None:
        """Add values, whose bins grow along both axes."""
        rows, columns = starts(at), starts(beside)
        where = np.ix_(at[rows], beside[columns])
        self.total[where] += gathered(values, rows, columns)
        self.squares[where] += gathered(np.square(values), rows, columns)
        if finite is None:
            heights, widths = np.diff(rows, append=len(at)), np.diff(columns, append=len(beside))
            self.count[where] += heights[:, None] * widths
        else:
            self.count[where] += gathered(finite.astype(np.float64), rows, columns)

    def mean(self) -> Floats:
        """Give the mean in each bin."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.total / self.count)

    def rms(self) -> Floats:
        """Give the root of the mean square in each bin."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(self.squares / self.count))


def starts(places: Ints) -> Ints:
    """Say where each run of equal places begins."""
    return np.flatnonzero(np.diff(places, prepend=-1))


def gathered(values: Floats, rows: Ints, columns: Ints) -> Floats:
    """Add up the values between these rows and columns."""
    if len(columns) == 1:
        across = values.sum(axis=1, keepdims=True)
    elif len(columns) == values.shape[1]:
        across = values
    else:
        across = np.add.reduceat(values, columns, axis=1)
    if len(rows) == 1:
        return np.asarray(across.sum(axis=0, keepdims=True))
    return across if len(rows) == len(across) else np.add.reduceat(across, rows, axis=0)
