"""A block as a matrix, against a loop over its coordinates."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

import graphgen
from graphgen.drawing.matrix import MatrixView, is_free, is_strip
from graphgen.sources import reference_networks
from graphgen.template import EdgeBlock


def by_loop(block: EdgeBlock, values: np.ndarray) -> tuple[np.ndarray, dict[tuple[int, ...], int]]:
    """Lay values out cell by cell, from the roles and the strides alone."""
    rows, taps, columns = [], [], []
    for axis, role in enumerate(block.axes):
        if block.target_strides[axis]:
            rows.append(axis)
        elif role in ("tap", "position") and not block.source_strides[axis]:
            taps.append(axis)
        else:
            columns.append(axis)

    def flat(axes: list[int], at: tuple[int, ...]) -> int:
        number = 0
        for axis in axes:
            number = number * block.shape[axis] + at[axis]
        return number

    def size(axes: list[int]) -> int:
        return prod(block.shape[axis] for axis in axes)

    height, width = size(taps[:-1]), size(taps[-1:])
    result = np.full((size(rows) * height, size(columns) * width), np.nan)
    target = {}
    for at in product(*map(range, block.shape)):
        row = flat(rows, at) * height + flat(taps[:-1], at)
        column = flat(columns, at) * width + flat(taps[-1:], at)
        assert np.isnan(result[row, column])
        result[row, column] = values[at]
        target[row, column] = flat(rows, at)
    return result, target


def small_blocks(kind: str) -> list[EdgeBlock]:
    blocks = [
        block
        for name in reference_networks()
        for block in graphgen.template(name, kind=kind).blocks
        if block.num_edges <= 600
    ]
    unlike = {(b.shape, b.axes, b.source_strides, b.target_strides): b for b in blocks}
    return list(unlike.values())


@pytest.mark.parametrize("kind", ["parameter", "computation"])
def test_display_is_the_loop(kind: str) -> None:
    blocks = small_blocks(kind)
    assert len(blocks) > 40
    for block in blocks:
        view = MatrixView(block)
        values = np.random.default_rng(0).standard_normal(block.shape)
        slow, target = by_loop(block, values)
        assert np.array_equal(view.display(values), slow)
        assert view.shape == slow.shape
        height, width = view.taps
        targets, nodes = block.targets(), view.nodes()
        for place, row in target.items():
            inside = place[0] % height, place[1] % width
            at = view.coordinate(place[0] // height, place[1] // width, *inside)
            assert view.place(at) == place
            assert view.display(values)[place] == values[at]
            assert place[0] // height == row
            assert nodes[row] == targets[at]


def test_the_loop_sees_an_exchange() -> None:
    """The control: axes that are exchanged give another picture."""
    block = graphgen.template("cnn").blocks[6]
    values = np.random.default_rng(0).standard_normal(block.shape)
    slow, _ = by_loop(block, values)
    assert not np.array_equal(MatrixView(block).display(values.swapaxes(2, 3)), slow)


def test_kernels() -> None:
    block = graphgen.template("cnn").blocks[6]
    view = MatrixView(block)
    assert (view.rows, view.columns, view.taps) == (16, 8, (3, 3))
    assert view.coordinate(5, 2, 1, 0) == (5, 2, 1, 0)
    assert view.place((5, 2, 1, 0)) == (16, 6)


def test_values_in_fewer_axes_are_spread() -> None:
    """A constant has one value for all edges."""
    block = graphgen.template("resnet").blocks[15]
    assert is_free(block)
    assert np.array_equal(MatrixView(block).display(np.asarray(1.0)), np.ones((8, 1)))


def test_strips() -> None:
    template = graphgen.template("gpt2")
    strips = {
        block.name
        for block in template.blocks
        if is_strip(block, template.node_groups[block.source_group].size)
    }
    assert "h.0.ln_1.weight" in strips
    # Positions are taps: a picture, not a strip; so is what has no tensor.
    assert not strips & {"wpe.weight", "h.0.attn.in_proj_weight", "h.0.8:identity"}
