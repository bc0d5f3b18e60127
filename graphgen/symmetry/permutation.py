"""One symmetry: a permutation of nodes, and what it does to weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.fitting import in_shape
from graphgen.sources import Weights
from graphgen.symmetry.ends import WHICH, Bools, Ends, Ints, nodes_of, told_apart
from graphgen.template import EdgeBlock, Template

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Permutation:
    """One symmetry: `nodes[i]` is the node whose place node i takes."""

    template: Template
    nodes: NDArray[np.int64]
    known_ends: Ends | None = None

    def __repr__(self) -> str:
        moved = int(np.count_nonzero(self.nodes != np.arange(len(self.nodes))))
        return f"<Permutation of {self.template.architecture[:12]}: {moved} neurons moved>"

    @cached_property
    def ends(self) -> Ends:
        """The ends of the template's blocks."""
        return self.known_ends or Ends(self.template)

    def apply(self, weights: Weights) -> dict[str, NDArray[Any]]:
        """Permute a network's weights, arrays or a file; tensors without an edge stay as they are.

            permuted = group.sample(rng).apply(weights)

        Raises `GraphError` if the permutation does not map every block of edges to such a block,
        or moves two uses of one tensor differently, and for weights of another architecture.
        """
        arrays = in_shape(self.template, weights)
        return self.moved(arrays)

    def moved(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Permute weights that are known to fit; see `apply`."""
        result = dict(arrays)
        uses: dict[str, list[EdgeBlock]] = {}
        for block in self.template.blocks:
            if block.tensor is not None:
                uses.setdefault(block.tensor, []).append(block)
            elif not self._stays(block):
                for _ in self._images(block):
                    pass
        for name, blocks in uses.items():
            if len(blocks) == 1:
                if not self._stays(blocks[0]):
                    result[name] = self._taken(blocks[0], arrays)
            elif not all(self._stays(block) for block in blocks):
                result[name] = self._agreed(name, blocks, arrays)
        return result

    def _stays(self, block: EdgeBlock) -> bool:
        """Whether the nodes at both ends of a block stay."""
        return all(
            np.array_equal(self.nodes[nodes], nodes)
            for nodes in (nodes_of(block, which) for which in WHICH)
        )

    def _taken(self, block: EdgeBlock, arrays: Arrays) -> NDArray[Any]:
        """Give the tensor of a block with the values that its edges take."""
        array = np.asarray(arrays[str(block.tensor)])
        result = None
        for image, taken, index in self._images(block):
            values = image.view(np.asarray(arrays[str(image.tensor)]))[index]
            if taken is None and block.tensor_strides is None:
                found: NDArray[Any] = values.reshape(array.shape)
                return found
            result = array.flatten() if result is None else result
            where = block.view(np.arange(result.size))
            if taken is None:
                result[where] = values
            else:
                taken = np.broadcast_to(taken, block.shape)
                result[where[taken]] = np.broadcast_to(values, block.shape)[taken]
        return array if result is None else result.reshape(array.shape)

    def _agreed(self, name: str, blocks: list[EdgeBlock], arrays: Arrays) -> NDArray[Any]:
        """Move a tensor as its uses move, of those that an output depends on all in one way."""
        array = np.asarray(arrays[name])
        # The place, among the tensors that it is moved from, of each scalar; -1 where it stays.
        source = np.full(array.size, -1, dtype=np.int64)
        firsts: dict[str, int] = {}
        end = 0
        for block in blocks:
            for image, taken, index in self._images(block):
                size = np.size(arrays[str(image.tensor)])
                first = firsts.setdefault(str(image.tensor), end)
                end = max(end, first + size)
                moved = image.view(np.arange(first, first + size))[index]
                moved = np.broadcast_to(moved, block.shape)
                alive = self.ends.alive(block)
                where: Any = slice(None)
                if taken is not None or not alive.all() or block.tensor_strides is not None:
                    mask = np.broadcast_to(alive & (True if taken is None else taken), block.shape)
                    where, moved = block.view(np.arange(array.size))[mask], moved[mask]
                moved = moved.reshape(-1)
                if ((source[where] != moved) & (source[where] >= 0)).any():
                    raise GraphError(f"the permutation moves the uses of {name!r} differently")
                source[where] = moved
        parts = [np.reshape(arrays[tensor], -1) for tensor in firsts]
        values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        result = values[source].astype(array.dtype, copy=False)
        stays = source < 0
        if stays.any():
            result[stays] = array.reshape(-1)[stays]
        return result.reshape(array.shape)

    def _images(self, block: EdgeBlock) -> Iterator[tuple[EdgeBlock, Bools | None, Any]]:
        """Find the blocks that a block's edges are taken to: which of them, and where each goes.

        Edges that no output depends on go along if they can. Raises `GraphError` if others cannot.
        """
        rest: Bools = np.ones((1,) * len(block.shape), dtype=np.bool_)
        images = self.ends.images(block, self.nodes)
        for image in sorted(images, key=lambda other: other is not block):
            taken, index = self._image(block, image)
            taken = taken & rest
            if taken.all():
                yield image, None, index
                return
            if taken.any():
                yield image, taken, index
                rest = rest & ~taken
        if (rest & self.ends.alive(block)).any():
            raise GraphError(f"the permutation does not map the block {block.name} to itself")

    def _image(self, block: EdgeBlock, image: EdgeBlock) -> tuple[Bools, tuple[Ints, ...]]:
        """Say which edges of a block are taken to an image, and to which coordinates there."""
        rank = len(block.shape)
        taken: Bools = np.ones((1,) * rank, dtype=np.bool_)
        found: dict[int, Ints] = {}
        for which in WHICH:
            inside, places = self.ends.coordinates(image, which, self.nodes[nodes_of(block, which)])
            taken = taken & inside
            for axis, own in places.items():
                if axis in found:
                    taken = taken & (found[axis] == own)
                else:
                    found[axis] = own
        told = dict(zip(told_apart(image), told_apart(block), strict=True))
        index = []
        for axis, size in enumerate(image.shape):
            alike = axis < rank and block.shape[axis] == size
            along_axis = told.get(axis, axis if alike else -1)
            along = np.zeros((1,) * rank, dtype=np.int64)
            if along_axis >= 0:
                along = np.arange(size).reshape([-1 if k == along_axis else 1 for k in range(rank)])
            if axis not in found:
                taken = taken & (along_axis >= 0 or size == 1)
            elif axis in told:
                taken = taken & (found[axis] == along)
            index.append(found.get(axis, along))
        return taken, tuple(index)
