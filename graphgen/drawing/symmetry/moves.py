"""What a permutation of nodes does to matrices: which rows and columns come from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.symmetry.ends import Ends, nodes_of, told_apart
from graphgen.template import EdgeBlock, Template

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_CELLS = 131_072


class NotShownError(Exception):
    """A permutation moves a block in a way that rows, columns and cells do not say."""


@dataclass(frozen=True, eq=False)
class Move:
    """Cells of a block come from cells of a block `source`, mostly itself; taps stay together.

        new[r, c] = old[rows[r], columns[c]]            # or old.flat[cells[r * columns + c]]

    `rows` and `columns` are None where these stay; `cells` replaces both where rows move their
    columns differently. `to_rows` are the rows that come from there, None of all.
    """

    block: int
    source: int
    rows: Ints | None = None
    columns: Ints | None = None
    cells: Ints | None = None
    to_rows: Ints | None = None


class Moves:
    """The blocks of a template, and how permutations of its nodes move them.

    moves = Moves(template, permutation.ends).of(permutation.nodes)
    """

    def __init__(self, template: Template, ends: Ends) -> None:
        self.template, self.ends = template, ends
        self._index = {block.edge_start: k for k, block in enumerate(template.blocks)}
        self._starts = np.array([group.start for group in template.node_groups])

    def moved_groups(self, nodes: Ints) -> list[int]:
        """List the groups of which some node moves."""
        moved = np.flatnonzero(nodes != np.arange(len(nodes)))
        found = np.searchsorted(self._starts, moved, side="right") - 1
        return [int(index) for index in np.unique(found)]

    def of(self, nodes: Ints) -> list[Move]:
        """List the moves of all blocks that have values, if node i takes the place of `nodes[i]`.

        Raises `NotShownError` where a block moves in another way than by rows and columns.
        """
        groups = {*self.moved_groups(nodes)}
        return [
            move
            for index, block in enumerate(self.template.blocks)
            if block.tensor is not None and groups & {block.source_group, block.target_group}
            for move in self._of_block(index, block, nodes)
        ]

    def _of_block(self, index: int, block: EdgeBlock, nodes: Ints) -> list[Move]:
        """Find where the rows of a block come from, block by block."""
        matrix = MatrixView(block)
        left: Bools = np.ones(matrix.rows, dtype=np.bool_)
        result = []
        images = self.ends.images(block, nodes)
        for image in sorted(images, key=lambda other: other is not block):
            there = MatrixView(image)
            taken, rows, columns = onto(block, image, self.ends, nodes)
            taken = taken & left
            if not taken.any():
                continue
            if there.taps != matrix.taps or there.columns != matrix.columns:
                raise NotShownError
            left &= ~taken
            move = Move(
                index,
                self._index[image.edge_start],
                to_rows=None if taken.all() else np.flatnonzero(taken),
                **by_side(rows, columns, matrix),
            )
            if image is not block or any(
                order is not None for order in (move.rows, move.columns, move.cells)
            ):
                result.append(move)
            if not left.any():
                break
        return result


def by_side(rows: Ints, columns: Ints, matrix: MatrixView) -> dict[str, Ints | None]:
    """Give what moves: rows and columns by themselves, or cells if columns move row by row."""
    if columns.ndim == 1:
        return {"rows": unless_still(rows), "columns": unless_still(columns)}
    if columns.size > MOST_CELLS:
        raise NotShownError
    return {"cells": (rows[:, None] * matrix.columns + columns).reshape(-1)}


def onto(block: EdgeBlock, image: EdgeBlock, ends: Ends, nodes: Ints) -> tuple[Bools, Ints, Ints]:
    """Say which rows of a block come from an image, from which rows there, and the columns.

    Columns come in the shape (columns,) or, where rows move them differently, (rows, columns).
    """
    matrix, there = MatrixView(block), MatrixView(image)
    rank = len(block.shape)
    taken: Bools = np.ones((1,) * rank, dtype=np.bool_)
    at: dict[int, Ints] = {}
    for which in ("target", "source"):
        inside, places = ends.coordinates(image, which, nodes[nodes_of(block, which)])
        # What is True everywhere stays small: both ends together would be the whole matrix.
        taken = taken if inside.all() else taken & inside
        for axis, own in places.items():
            if axis in at:
                taken = taken & (at[axis] == own)
            else:
                at[axis] = own
    told = dict(zip(told_apart(image), told_apart(block), strict=True))
    for axis, size in enumerate(image.shape):
        own_axis = told.get(axis, axis)
        alike = own_axis < rank and block.shape[own_axis] == size
        shape = [size if alike and k == own_axis else 1 for k in range(rank)]
        along = np.arange(size if alike else 1, dtype=np.int64).reshape(shape)
        if axis not in at:
            taken = taken & (alike or size == 1)
            at[axis] = along
        elif axis in told:
            taken = taken & (at[axis] == along)
    by_row = once(taken, matrix.column_axes + matrix.tap_axes)
    rows = once(numbered(there.row_axes, at, image, rank), matrix.column_axes + matrix.tap_axes)
    columns = once(numbered(there.column_axes, at, image, rank), matrix.tap_axes)
    result = spread(by_row, matrix.row_axes, block), spread(rows, matrix.row_axes, block)
    try:
        return *result, spread(once(columns, matrix.row_axes), matrix.column_axes, block)
    except NotShownError:
        both = spread(columns, (*matrix.row_axes, *matrix.column_axes), block)
        return *result, both.reshape(matrix.rows, matrix.columns)


def numbered(axes: Sequence[int], at: dict[int, Ints], image: EdgeBlock, rank: int) -> Ints:
    """Number the places along some axes of an image, in C order."""
    result = np.zeros((1,) * rank, dtype=np.int64)
    for axis in axes:
        result = result * image.shape[axis] + at[axis]
    return result


def once(values: NDArray[Any], axes: Sequence[int]) -> NDArray[Any]:
    """Give what does not depend on some axes with 1 along them; `NotShownError` if it does."""
    for axis in axes:
        if values.shape[axis] > 1:
            first = values.take([0], axis=axis)
            if not (values == first).all():
                raise NotShownError
            values = first
    return values


def spread(values: NDArray[Any], axes: Sequence[int], block: EdgeBlock) -> NDArray[Any]:
    """Spell values out along some axes of a block, in the order of these."""
    shape = tuple(n if axis in axes else 1 for axis, n in enumerate(block.shape))
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    return np.broadcast_to(values, shape).transpose((*axes, *rest)).reshape(-1)


def unless_still(order: Ints) -> Ints | None:
    """Give an order, or None where everything stays."""
    return None if np.array_equal(order, np.arange(len(order))) else order
