"""What a page shows, read as the page's script reads it, and what it has to show: by slow loops."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.values.bins import Bins
from graphgen.template import Template

Page = dict[str, Any]
Array = NDArray[Any]


def exact_display(page: Page, numbers: Array, index: int) -> NDArray[np.float32]:
    """Read a block's display array, (rows * th, columns * tw)."""
    block = page["blocks"][index]
    assert block["values"]["mode"] == "exact"
    matrix = block["matrix"]
    height, width = matrix["taps"]
    shape = matrix["rows"] * height, matrix["columns"] * width
    begin = block["values"]["offset"]
    return numbers[begin : begin + shape[0] * shape[1]].reshape(shape)


def bins_display(page: Page, numbers: Array, index: int, which: str = "rms") -> Array:
    """Read a block's bins."""
    values = page["blocks"][index]["values"]
    begin = values[which]
    return numbers[begin : begin + values["rows"] * values["columns"]].reshape(values["rows"], -1)


def cells_of(page: Page, index: int, display: Array) -> Array:
    """Give a display array cell by cell, (rows, columns, th, tw)."""
    matrix = page["blocks"][index]["matrix"]
    height, width = matrix["taps"]
    shape = matrix["rows"], height, matrix["columns"], width
    return display.reshape(shape).transpose(0, 2, 1, 3)


def moved_display(page: Page, numbers: Array, example: Page, index: int) -> Array:
    """Move a block as the page does: the cells of a display array, (rows, columns, th, tw)."""
    own = cells_of(page, index, exact_display(page, numbers, index))
    result = own.copy()
    for move in example["moves"]:
        if move["block"] != index:
            continue
        source = cells_of(page, move["from"], exact_display(page, numbers, move["from"]))
        shape = own.shape[:2]
        if move["cells"] is not None:
            flat = source.reshape(-1, *source.shape[2:])
            found = flat[listed(page, move["cells"])].reshape(own.shape)
        else:
            rows = listed(page, move["rows"], np.arange(shape[0]))
            columns = listed(page, move["columns"], np.arange(shape[1]))
            found = source[rows][:, columns]
        factors = np.outer(
            listed(page, move["row_factors"], np.ones(shape[0])),
            listed(page, move["column_factors"], np.ones(shape[1])),
        )
        if move["cell_factors"] is not None:
            factors = factors * listed(page, move["cell_factors"]).reshape(shape)
        found = (found * factors[:, :, None, None]).astype(np.float32)
        to_rows = listed(page, move["to_rows"], np.arange(shape[0]))
        result[to_rows] = found[to_rows]
    return result


def by_nodes(page: Page, numbers: Array, example: Page, index: int, template: Template) -> Array:
    """Move a block by its nodes alone, cell by cell; what does not stay in the block is NaN."""
    block = template.blocks[index]
    image = image_of(page, example)
    inverse = coordinates(template, index)
    matrix = MatrixView(block)
    display = exact_display(page, numbers, index)
    result = np.full_like(display, np.nan)
    for place in product(*map(range, block.shape)):
        ends = tuple(image[node] for node in ends_of(block, place))
        taps = tuple(place[axis] for axis in told(matrix))
        if (*ends, taps) in inverse:
            result[matrix.place(place)] = display[inverse[*ends, taps]]
    return cells_of(page, index, result)


def image_of(page: Page, example: Page) -> list[int]:
    """Give for each node the one whose place it takes, in one list of all nodes."""
    image = list(range(page["counts"]["nodes"]))
    for group, place in example["nodes"].items():
        own = page["groups"][int(group)]
        source = page["groups"][example["from_groups"].get(group, int(group))]
        for k, node in enumerate(page["lists"][place]):
            image[own["start"] + k] = source["start"] + node
    return image


def told(matrix: MatrixView) -> tuple[int, ...]:
    """List the axes that neither end tells."""
    block = matrix.block
    return tuple(
        axis
        for axis in range(len(block.shape))
        if not block.source_strides[axis] and not block.target_strides[axis]
    )


def ends_of(block: Any, place: tuple[int, ...]) -> tuple[int, int]:
    """Give the source and the target of an edge."""
    return (
        block.source_start + sum(s * k for s, k in zip(block.source_strides, place, strict=True)),
        block.target_start + sum(s * k for s, k in zip(block.target_strides, place, strict=True)),
    )


def coordinates(template: Template, index: int) -> dict[Any, tuple[int, int]]:
    """Say where in the display array the edge between two nodes lies."""
    block = template.blocks[index]
    matrix = MatrixView(block)
    return {
        (*ends_of(block, place), tuple(place[axis] for axis in told(matrix))): matrix.place(place)
        for place in product(*map(range, block.shape))
    }


def listed(page: Page, place: int | None, otherwise: Array | None = None) -> Array:
    """Read a list."""
    if place is None:
        assert otherwise is not None
        return otherwise
    return np.array(page["lists"][place])


def expected_display(template: Template, weights: Mapping[str, Array], index: int) -> Array:
    """Lay a block's weights out edge by edge, (rows * th, columns * tw)."""
    block = template.blocks[index]
    values = block.view(np.asarray(weights[str(block.tensor)]))
    matrix = MatrixView(block)
    result = np.full(matrix.shape, np.nan)
    for place in product(*map(range, block.shape)):
        result[matrix.place(place)] = values[place]
    return result.astype(np.float32)


def with_values(page: Page) -> list[int]:
    """List the blocks that have values."""
    return [index for index, block in enumerate(page["blocks"]) if block["values"] is not None]


def bins_by_hand(display: Array, rows: Bins, columns: Bins) -> Array:
    """Give the root mean squares of bins one by one."""
    result = np.empty((rows.count, columns.count))
    for i in range(rows.count):
        for j in range(columns.count):
            part = display[
                rows.edges[i] : rows.edges[i + 1], columns.edges[j] : columns.edges[j + 1]
            ].astype(np.float64)
            part = part[np.isfinite(part)]
            result[i, j] = np.sqrt(np.mean(np.square(part))) if part.size else np.nan
    return result
