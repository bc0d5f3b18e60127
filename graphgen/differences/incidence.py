"""What a block of edges says of the nodes at its ends, summed up without a list of its edges."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.ends import told_apart
from graphgen.symmetry.rows import word
from graphgen.template import EdgeBlock

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

PLAIN = {"stride": 1, "padding": 0, "groups": 1}


def mix(x: Ints | Words) -> Words:
    """Hash 64-bit numbers as `graphgen.symmetry.rows.mix` does; in place, for millions of them."""
    y: Words = x.astype(np.uint64)
    with np.errstate(over="ignore"):
        y += np.uint64(0x9E3779B97F4A7C15)
        y ^= y >> np.uint64(30)
        y *= np.uint64(0xBF58476D1CE4E5B9)
        y ^= y >> np.uint64(27)
        y *= np.uint64(0x94D049BB133111EB)
        y ^= y >> np.uint64(31)
    return y


def kind_of(block: EdgeBlock) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Give the kind and the attributes of a block; a window of one place is a matrix.

    Whether a tensor is a layer's own or another layer's does not count.
    """
    if block.kind.startswith("window") and all(
        size == 1 for size, role in zip(block.shape, block.axes, strict=True) if role == "tap"
    ):
        known = dict(block.attributes)
        if all(
            value == PLAIN[name] or value == (PLAIN[name],) * len(value)
            for name, value in known.items()
            if name in PLAIN and name != "groups"
        ):
            rest = {"stride", "padding", "dilation", "groups"}
            return "linear", tuple(pair for pair in block.attributes if pair[0] not in rest)
    return block.kind, block.attributes


def grid(shape: tuple[int, ...], axes: list[int], start: int, strides: tuple[int, ...]) -> Ints:
    """Evaluate an affine map along some axes of a shape; the others have size 1."""
    result = np.full((1,) * len(shape), start, dtype=np.int64)
    for axis in axes:
        steps = np.arange(shape[axis], dtype=np.int64) * strides[axis]
        result = result + steps.reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return result


class Incidence:
    """The edges of a block as sums over the nodes at either end.

    `loose` blocks leave from a node that stands for a parameter, or from their own target: what
    they say of their targets is their name alone. `exact` is false where constants do not count.
    """

    def __init__(self, block: EdgeBlock, loose: bool, exact: bool) -> None:
        self.block, self.loose = block, loose
        shape = block.shape
        moving = [axis for axis, step in enumerate(block.source_strides) if step and not loose]
        self.into = [axis for axis, step in enumerate(block.target_strides) if step]
        apart = [*range(len(shape))] if block.coefficients and exact else told_apart(block)
        apart = [axis for axis in apart if shape[axis] > 1]
        sizes = tuple(shape[axis] for axis in apart)
        kind, attributes = kind_of(block)
        name: tuple[Any, ...] = (kind, block.tensor is None, sizes)
        if exact:
            name = (*name, block.constant, attributes)
        inner, reach = [0] * len(shape), 1
        for axis in reversed(apart):
            inner[axis] = reach
            reach *= shape[axis]
        self.names: Words = mix(grid(shape, apart, 0, tuple(inner))) ^ np.uint64(word(name))
        if block.coefficients and exact:
            bits = np.asarray(block.values(), dtype=np.float64).view(np.uint64)
            self.names = self.names ^ mix(bits)
        self.sources = grid(shape, moving, block.source_start, block.source_strides)
        self.targets = grid(shape, self.into, block.target_start, block.target_strides)
        self.forth = self._sums(moving, self.into, apart)
        self.back = self._sums(self.into, moving, apart)

    def _sums(self, here: list[int], there: list[int], apart: list[int]) -> tuple[Any, np.uint64]:
        """Give the axes that are summed over from one end to the other, and how often the rest."""
        shape, told = self.block.shape, {*here, *apart}
        over = tuple(axis for axis in told if axis not in there)
        times = prod(s for axis, s in enumerate(shape) if axis not in told and axis not in there)
        return over, np.uint64(times % 2**64)

    def gathered(self, colours: Words, back: bool = False) -> Words:
        """Sum up the edges at each node of one end, given the colours at the other."""
        over, times = self.back if back else self.forth
        edges = mix(colours ^ self.names)
        summed: Words = edges.sum(axis=over, keepdims=True, dtype=np.uint64) * times
        return summed


def add(out: Words, nodes: Ints, values: Words) -> None:
    """Add values to nodes, of which some may come several times."""
    values = np.broadcast_to(values, np.broadcast_shapes(nodes.shape, values.shape))
    np.add.at(out, np.broadcast_to(nodes, values.shape).reshape(-1), values.reshape(-1))
