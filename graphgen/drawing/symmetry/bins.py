"""Bins and permutations: how a picture of bins moves, and shuffles that move bins as wholes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.symmetry.acting import Acting, Part
from graphgen.drawing.symmetry.moves import Move
from graphgen.drawing.values.bins import Bins
from graphgen.template import EdgeBlock, Template

Ints = NDArray[np.int64]
Grains: TypeAlias = Mapping[tuple[int, str], int]
BinsOf: TypeAlias = Callable[[int], tuple[Bins, Bins] | None]
"""Gives the bins of a block's rows and columns, by its index; None if it is shown in full."""


def grains(acting: Acting, least: int = 64) -> dict[tuple[int, str], int]:
    """Give for both sides of large blocks the size of the runs that bins should lie within.

    A permutation inside of heads, gates or groups moves bins to bins only if none lies in two.
    """
    found: dict[tuple[int, str], int] = {}
    for index, block in enumerate(acting.template.blocks):
        if block.tensor is None:
            continue
        for side, nodes in nodes_at(block).items():
            if nodes.size > least:
                borders = acting.borders(nodes)
                found[index, side] = int(np.gcd.reduce([nodes.size, *borders]))
    return found


def nodes_at(block: EdgeBlock) -> dict[str, Ints]:
    """Give the node of each row, and of each column in the first row."""
    matrix = MatrixView(block)
    sides = ("rows", matrix.row_axes, block.target_start, block.target_strides), (
        "columns", matrix.column_axes, block.source_start, block.source_strides,
    )  # fmt: skip
    result = {}
    for name, axes, start, strides in sides:
        nodes = np.full(1, start, dtype=np.int64)
        for axis in axes:
            nodes = (nodes[:, None] + strides[axis] * np.arange(block.shape[axis])).reshape(-1)
        result[name] = nodes
    return result


def moved_bins(
    move: Move, here: tuple[Bins, Bins], there: tuple[Bins, Bins] | None
) -> tuple[Ints | None, Ints | None] | None:
    """Say which bins a block's bins come from, along both sides; None if they move in parts."""
    if here != there or move.cells is not None or move.to_rows is not None:
        return None
    result = []
    for bins, order in zip(here, (move.rows, move.columns), strict=True):
        found = moved_side(bins, order)
        if found is None:
            return None
        result.append(None if np.array_equal(found, np.arange(bins.count)) else found)
    return result[0], result[1]


def moved_side(bins: Bins, order: Ints | None) -> Ints | None:
    """Say which bin each bin comes from along one side, if it comes as a whole."""
    if order is None:
        return np.arange(bins.count)
    if not bins.whole:
        parts = bins.count // bins.cells
        return (order[:, None] * parts + np.arange(parts)).reshape(-1)
    own = bins.of_cells()
    first = np.searchsorted(own, np.arange(bins.count))
    found = own[order][first]
    sizes = np.bincount(own, minlength=bins.count)
    if not np.array_equal(own[order], found[own]) or not np.array_equal(sizes[found], sizes):
        return None
    return np.asarray(found)


def item_bins(template: Template, part: Part, bins_of: BinsOf, touched: set[int]) -> list[Ints]:
    """Say for each item of a part in which bin it begins, at each binned side; coarse ones first.

    Each is of the shape (copies, items). Items that are together everywhere may change places
    without a bin being seen to move.
    """
    copies, items, _ = part.nodes.shape
    levels: dict[bytes, Ints] = {}
    for index, block in enumerate(template.blocks):
        found = bins_of(index)
        if found is None or not touched & {block.source_group, block.target_group}:
            continue
        for bins, nodes in zip(found, nodes_at(block).values(), strict=True):
            if not bins.whole or bins.count == bins.cells:
                continue
            own = part.places(nodes)
            inside = own >= 0
            if not inside.any():
                continue
            seen = np.full(copies * items, -1, dtype=np.int64)
            seen[own[inside][::-1]] = bins.of_cells()[inside][::-1]
            levels.setdefault(seen.tobytes(), seen.reshape(copies, items))
    return sorted(levels.values(), key=lambda level: len(np.unique(level)))


def shuffled(levels: Sequence[Ints], items: int, rng: np.random.Generator) -> Ints:
    """Draw an order of some items in which those that are in one bin stay together.

    Bins change places with others of their size, and finer ones inside of them, and then items.
    """
    order = np.empty(items, dtype=np.int64)

    def fill(target: Ints, source: Ints, depth: int) -> None:
        if depth == len(levels):
            order[target] = rng.permutation(source)
            return
        wanted, given = (by_size(found, levels[depth]) for found in (target, source))
        if {n: len(found) for n, found in wanted.items()} != {
            n: len(found) for n, found in given.items()
        }:
            fill(target, source, len(levels))
            return
        for size, places in wanted.items():
            for place, which in zip(places, rng.permutation(len(places)), strict=True):
                fill(place, given[size][which], depth + 1)

    every = np.arange(items)
    fill(every, every, 0)
    return order


def by_size(items: Ints, level: Ints) -> dict[int, list[Ints]]:
    """Sort some items by their bins, and these by their sizes."""
    result: dict[int, list[Ints]] = {}
    own = level[items]
    for name in np.unique(own):
        found = items[own == name]
        result.setdefault(len(found), []).append(found)
    return result
