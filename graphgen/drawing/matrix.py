"""A block of edges as a matrix: rows are what it leads to, columns what it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.template import EdgeBlock

TAPS = ("tap", "position")


@dataclass(frozen=True)
class MatrixView:
    """A block as a matrix of cells, each a small picture of its taps.

        view = MatrixView(block)
        view.rows, view.columns, view.taps      # (16, 8, (3, 3)) for a 3x3 convolution of 8 to 16
        view.display(block.weight)              # shape (rows * th, columns * tw)

    Rows are the axes that move the target, in order; taps the axes of role `tap` or `position`
    that move neither end; columns the rest. One axis of taps lies along the row; of more, the last
    does, and the others go down.
    """

    block: EdgeBlock

    @cached_property
    def row_axes(self) -> tuple[int, ...]:
        """The axes whose target stride is not 0."""
        return tuple(i for i, stride in enumerate(self.block.target_strides) if stride != 0)

    @cached_property
    def tap_axes(self) -> tuple[int, ...]:
        """The axes of role `tap` or `position` that move neither end."""
        block = self.block
        return tuple(
            i
            for i, role in enumerate(block.axes)
            if role in TAPS and block.source_strides[i] == 0 and block.target_strides[i] == 0
        )

    @cached_property
    def column_axes(self) -> tuple[int, ...]:
        """The axes that are neither rows nor taps."""
        others = {*self.row_axes, *self.tap_axes}
        return tuple(i for i in range(len(self.block.shape)) if i not in others)

    @cached_property
    def rows(self) -> int:
        """The number of rows of cells."""
        return self._size(self.row_axes)

    @cached_property
    def columns(self) -> int:
        """The number of columns of cells."""
        return self._size(self.column_axes)

    @cached_property
    def taps(self) -> tuple[int, int]:
        """The height and the width of a cell in taps."""
        return self._size(self.tap_axes[:-1]), self._size(self.tap_axes[-1:])

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the array that is displayed."""
        height, width = self.taps
        return self.rows * height, self.columns * width

    def display(self, array: NDArray[Any]) -> NDArray[Any]:
        """Lay an array of the block's shape out: a view where strides allow it, else a copy."""
        order = (*self.row_axes, *self.tap_axes[:-1], *self.column_axes, *self.tap_axes[-1:])
        return np.broadcast_to(array, self.block.shape).transpose(order).reshape(self.shape)

    def coordinate(self, row: int, column: int, i: int = 0, j: int = 0) -> tuple[int, ...]:
        """Give the block's coordinate of tap (i, j) of a cell."""
        result = [0] * len(self.block.shape)
        parts = (self.row_axes, row), (self.column_axes, column)
        taps = (self.tap_axes[:-1], i), (self.tap_axes[-1:], j)
        for axes, index in (*parts, *taps):
            sizes = tuple(self.block.shape[axis] for axis in axes)
            for axis, place in zip(axes, np.unravel_index(index, sizes), strict=True):
                result[axis] = int(place)
        return tuple(result)

    def place(self, coordinate: tuple[int, ...]) -> tuple[int, int]:
        """Give the row and the column of the display array at which a coordinate lies."""
        height, width = self.taps
        row, column = (
            self._flat(self.row_axes, coordinate),
            self._flat(self.column_axes, coordinate),
        )
        i, j = (
            self._flat(self.tap_axes[:-1], coordinate),
            self._flat(self.tap_axes[-1:], coordinate),
        )
        return row * height + i, column * width + j

    def nodes(self) -> NDArray[np.int64]:
        """Give the target node of each row of cells."""
        result = np.full((), self.block.target_start, dtype=np.int64)
        for axis in self.row_axes:
            steps = np.arange(self.block.shape[axis]) * self.block.target_strides[axis]
            result = result[..., None] + steps
        return result.reshape(-1)

    def _size(self, axes: tuple[int, ...]) -> int:
        return prod(self.block.shape[axis] for axis in axes)

    def _flat(self, axes: tuple[int, ...], coordinate: tuple[int, ...]) -> int:
        result = 0
        for axis in axes:
            result = result * self.block.shape[axis] + coordinate[axis]
        return result


def is_free(block: EdgeBlock) -> bool:
    """Whether a block carries no tensor: a residual, a constant, fixed coefficients."""
    return block.tensor is None


def is_strip(block: EdgeBlock, source_size: int) -> bool:
    """Whether a block is one column that comes from one node: a bias, a scale, a statistic."""
    view = MatrixView(block)
    return not is_free(block) and source_size == 1 and view.columns * prod(view.taps) == 1
