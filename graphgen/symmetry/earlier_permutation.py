"""One symmetry: a permutation of nodes, and what it does to weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.fitting import in_shape
from graphgen.sources import Weights
from graphgen.symmetry.pieces import Piece, Pieces
from graphgen.symmetry.segments import end_of, segments
from graphgen.template import EdgeBlock, Template


@dataclass(frozen=True)
class Permutation:
    """One symmetry: `nodes[i]` is the node whose place node i takes."""

    template: Template
    nodes: NDArray[np.int64]
    known_pieces: Pieces | None = None

    @cached_property
    def pieces(self) -> Pieces:
        """The pieces that are mapped to one another."""
        return self.known_pieces or Pieces(self.template, segments(self.template))

    def apply(self, weights: Weights) -> dict[str, NDArray[Any]]:
        """Permute a network's weights, arrays or a file; tensors without an edge stay as they are.

            permuted = group.sample(rng).apply(weights)

        Raises `GraphError` if the permutation does not map every block of edges to such a block,
        or moves two uses of one tensor differently, and for weights of another architecture.
        """
        arrays = in_shape(self.template, weights)
        return self.moved(arrays)

    def moved(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Permute weights that are known to fit; see `apply`."""
        result = dict(arrays)
        orders: dict[str, tuple[str, NDArray[np.int64]]] = {}
        for block in self.template.blocks:
            tensor, order = self.edges(block)
            if block.tensor is None or tensor is None:
                continue
            before = orders.setdefault(block.tensor, (tensor, order))
            if before[0] != tensor or not np.array_equal(before[1], order):
                raise GraphError(f"the permutation moves the uses of {block.tensor!r} differently")
            if not block.tied:
                result[block.tensor] = (
                    np.asarray(arrays[tensor])
                    .reshape(-1)[order]
                    .reshape(np.shape(arrays[block.tensor]))
                )
        return result

    def edges(self, block: EdgeBlock) -> tuple[str | None, NDArray[np.int64]]:
        """Find, for each edge of a block, the tensor and the scalar of it that the edge takes.

        Raises `GraphError` if the permutation of nodes is no automorphism.
        """
        order = np.empty(block.shape, dtype=np.int64)
        tensors = set()
        for piece in self.pieces.of(block):
            image = self._image(piece)
            part = tuple(
                slice(start, start + size)
                for start, size in zip(piece.starts, piece.shape, strict=True)
            )
            order[part] = self._scalars(piece, image)
            tensors.add(image.block.tensor)
        if len(tensors) != 1:
            raise GraphError(f"the permutation takes the edges of {block.name} to several tensors")
        return tensors.pop(), order.reshape(-1)

    def _image(self, piece: Piece) -> Piece:
        """Find the piece that the first edge of a piece is taken to."""
        ends = (int(self.nodes[piece.first("source")]), int(self.nodes[piece.first("target")]))
        image = self.pieces.alike(piece, *ends)
        if image is None:
            raise GraphError(f"the permutation does not map the block {piece.block.name} to itself")
        return image

    def _scalars(self, piece: Piece, image: Piece) -> NDArray[np.int64]:
        """Give the flat index, in the image's block, of the edge that each edge is taken to."""
        shape = image.block.shape
        flat = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
        total: NDArray[np.int64] = np.zeros((1,) * len(shape), dtype=np.int64)
        found: dict[int, NDArray[np.int64]] = {}
        for which in ("source", "target"):
            for axis, places in self._decode(piece, image, which).items():
                if axis not in found:
                    found[axis] = places
                    total = total + places * flat[axis]
                elif not (found[axis] == places).all():
                    raise self._no_automorphism(piece)
        for axis, (start, size) in enumerate(zip(image.starts, piece.shape, strict=True)):
            if axis not in found:
                along = [-1 if other == axis else 1 for other in range(len(shape))]
                total = total + np.arange(start, start + size).reshape(along) * flat[axis]
        return np.broadcast_to(total, piece.shape)

    def _decode(self, piece: Piece, image: Piece, which: str) -> dict[int, NDArray[np.int64]]:
        """Find the coordinates of the nodes that one end of a piece is taken to."""
        group, start, strides = end_of(self.template, image.block, which)
        first = self.template.node_groups[group].start + start
        rest = self.nodes[piece.nodes(which)] - first
        result = {}
        moving = [axis for axis, stride in enumerate(strides) if stride and piece.shape[axis] > 1]
        for axis in sorted(moving, key=lambda axis: -strides[axis]):
            places, rest = np.divmod(rest, strides[axis])
            inside = (places >= image.starts[axis]) & (
                places < image.starts[axis] + piece.shape[axis]
            )
            if not inside.all():
                raise self._no_automorphism(piece)
            result[axis] = places
        single = sum(
            image.starts[axis] * stride
            for axis, stride in enumerate(strides)
            if stride and piece.shape[axis] == 1
        )
        if (rest != single).any():
            raise self._no_automorphism(piece)
        for axis, stride in enumerate(strides):
            if stride and piece.shape[axis] == 1:
                result[axis] = np.full((1,) * len(strides), image.starts[axis])
        return result

    def _no_automorphism(self, piece: Piece) -> GraphError:
        return GraphError(f"the permutation does not map the block {piece.block.name} to itself")
