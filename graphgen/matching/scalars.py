"""The weights that are compared, as one vector, and where in it the edges of blocks lie."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.symmetry.scalings import Scalings
from graphgen.template import EdgeBlock, Template

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Scalars:
    """The trainable scalars that edges carry, one tensor after the other, in C order."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.starts: dict[str, int] = {}
        self.tensors = [t for t in template.edge_tensors if t.trainable]
        self.count = 0
        for tensor in self.tensors:
            self.starts[tensor.name] = self.count
            self.count += prod(tensor.shape)
        self.blocks = [block for block in template.blocks if block.tensor in self.starts]

    def vector(self, weights: Mapping[str, NDArray[Any]]) -> Floats:
        """Give the scalars of a network, in double precision."""
        parts = [np.asarray(weights[t.name]).reshape(-1).astype(np.float64) for t in self.tensors]
        return np.concatenate([np.zeros(0), *parts])

    def numbered(self) -> dict[str, NDArray[np.float64]]:
        """Give arrays for all tensors that hold the number of each scalar in the vector."""
        arrays = {t.name: np.zeros(t.shape) for t in self.template.tensors}
        for tensor in self.tensors:
            start, count = self.starts[tensor.name], prod(tensor.shape)
            arrays[tensor.name] = np.arange(start, start + count, dtype=float).reshape(tensor.shape)
        return arrays

    def strides(self, block: EdgeBlock) -> tuple[int, tuple[int, ...]]:
        """Say where in the vector a block's first edge lies, and how far apart the others are."""
        start = self.starts[str(block.tensor)] + block.tensor_start
        if block.tensor_strides is not None:
            return start, block.tensor_strides
        sizes = block.shape
        return start, tuple(prod(sizes[axis + 1 :]) for axis in range(len(sizes)))

    def places(self, block: EdgeBlock) -> Numbers:
        """Give the place of the scalar that each edge of a block carries, in the block's shape."""
        return affine(block.shape, *self.strides(block))

    def roots(self, group: Scalings) -> Numbers:
        """Give the two signs, at most, that each scalar changes with: (2, scalars), -1 for none."""
        found = np.full((2, self.count), -1, dtype=np.int64)
        for block in self.blocks:
            if block.tied:
                continue
            places = self.places(block)
            for row, (own, power) in enumerate(group.powers(block)):
                if power % 2:
                    roots = group.unknowns.find_all(own)[0]
                    signed = ~group.unknowns.positive[roots]
                    found[row, places] = np.where(signed, roots, -1)
        return found
