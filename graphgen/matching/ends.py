"""The ends of blocks that carry weights: which scalars the edges of a node there have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.matching.incidence import Incidence
from graphgen.matching.scalars import Numbers, Scalars
from graphgen.template import EdgeBlock


class End:
    """One end of a block, `which` is "source" or "target".

    `nodes` are sorted, and one may come several times; `base` is the place of the scalar of the
    first edge of each, and `far` the node at its other end. The others of its edges lie `along`
    (where `reach` says how far off their other ends are) and `beside`.
    """

    def __init__(self, scalars: Scalars, block: EdgeBlock, which: str) -> None:
        start, strides = scalars.strides(block)
        ends = [
            (block.source_group, block.source_start, block.source_strides),
            (block.target_group, block.target_start, block.target_strides),
        ]
        self.which, self.tensor, self._block = which, str(block.tensor), block
        (self.group, first, own), (_, other, far) = ends if which == "source" else ends[::-1]
        axes = [axis for axis, stride in enumerate(own) if stride]
        along = [axis for axis, stride in enumerate(own) if not stride and far[axis]]
        beside = [axis for axis, stride in enumerate(own) if not stride and not far[axis]]

        def grid(axes: list[int], start: int, by: tuple[int, ...]) -> Numbers:
            shape = tuple(block.shape[axis] for axis in axes)
            return affine(shape, start, tuple(by[axis] for axis in axes)).reshape(-1)

        nodes = grid(axes, first, own)
        self._order = np.argsort(nodes, kind="stable")
        self._axes = axes + along + beside
        self.nodes = nodes[self._order]
        self.base = grid(axes, start, strides)[self._order]
        self.far = grid(axes, other, far)[self._order]
        self.along, self.reach = grid(along, 0, strides), grid(along, 0, far)
        self.beside = grid(beside, 0, strides)

    def find(self, nodes: Numbers) -> tuple[NDArray[np.bool_], Numbers, int]:
        """Say which nodes are at this end, where each comes first, and how often at most."""
        first = np.searchsorted(self.nodes, nodes, side="left")
        counts = np.searchsorted(self.nodes, nodes, side="right") - first
        return counts > 0, first, int(counts.max(initial=0))

    def edges(self, nodes: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """List the edges of nodes: names, scalars, nodes here and at the far end."""
        at = np.flatnonzero(np.isin(self.nodes, nodes))
        shape = len(self._order), len(self.along), len(self.beside)
        names = np.broadcast_to(Incidence.of(self._block).names, self._block.shape)
        names = names.transpose(self._axes).reshape(shape)[self._order[at]]
        scalars = self.base[at][:, None, None] + self.along[:, None] + self.beside
        near = np.broadcast_to(self.nodes[at][:, None, None], scalars.shape)
        far = np.broadcast_to((self.far[at][:, None] + self.reach)[:, :, None], scalars.shape)
        listed = (names.view(np.int64), scalars, near, far)
        return tuple(column.reshape(-1) for column in listed)  # type: ignore[return-value]
