"""Layouts: a template as a metanet reads it, with kernel taps parallel or folded into channels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import EdgeBlock, Template
from graphgen.affine import affine
from graphgen.features.edges import block_columns, coordinate_columns
from graphgen.features.nodes import group_columns, place_columns
from graphgen.kinds import EDGE_KINDS
from metanet.batch import float_offsets


@dataclass(frozen=True)
class BlockEnd:
    """One end of a block in one network: a strided view of node states, of size 1 at stride 0.

    `summed` are the axes along which edges share a node, counted after one of networks.
    """

    start: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    summed: tuple[int, ...]
    fan: int


@dataclass(frozen=True)
class BlockLayout:
    """A block of edges as a metanet reads it: `shape` is without the taps that are folded.

    `slots` says which channel each folded tap takes (None: one value per edge). `index` says
    where each value lies where they are not the tensor in its own order; `editable`: whether they
    are parameters of a trainable tensor.
    """

    kind: int
    shape: tuple[int, ...]
    source_start: int
    source_strides: tuple[int, ...]
    target_start: int
    target_strides: tuple[int, ...]
    values: tuple[int, int] | None
    constant: float
    slots: tuple[int, ...] | None
    fan_in: int
    fan_out: int
    weight_fan_in: int
    logarithmic: bool
    editable: bool
    index: Tensor | None = field(default=None, compare=False)
    coefficients: Tensor | None = field(default=None, compare=False)

    @cached_property
    def num_edges(self) -> int:
        """The number of edges of one network."""
        return prod(self.shape)

    @cached_property
    def source(self) -> BlockEnd:
        """Where edges leave."""
        return self._end(self.source_start, self.source_strides, self.fan_out)

    @cached_property
    def target(self) -> BlockEnd:
        """Where edges enter."""
        return self._end(self.target_start, self.target_strides, self.fan_in)

    def _end(self, start: int, strides: tuple[int, ...], fan: int) -> BlockEnd:
        sizes = (size if step else 1 for size, step in zip(self.shape, strides, strict=True))
        summed = tuple(axis + 1 for axis, step in enumerate(strides) if not step)
        return BlockEnd(start, tuple(sizes), tuple(step or 1 for step in strides), summed, fan)


@dataclass(frozen=True)
class Layout:
    """A template's blocks, and the columns of `graphgen.features` as metanets read them.

    `block_columns` (blocks, len(BLOCK_NAMES)) and `group_columns` (groups, len(GROUP_NAMES)) hold
    what all edges of a block and all nodes of a group share, `coordinates` what differs along each
    block's axes, (*sizes or 1, len(COORDINATE_NAMES)) or None where all is 0, and `places` (nodes,
    len(PLACE_NAMES)) what differs among the nodes of inputs and outputs. `node_group` (nodes,).
    """

    num_nodes: int
    num_edges: int
    channels: int
    blocks: tuple[BlockLayout, ...]
    block_columns: Tensor
    alike: tuple[int, ...]
    coordinates: tuple[Tensor | None, ...]
    group_columns: Tensor
    node_group: Tensor
    places: Tensor


@lru_cache(maxsize=4096)
@torch.inference_mode(False)
def layout(template: Template, taps: int) -> Layout:
    """Lay a template out; kernels of at most `taps` along each axis are folded (0: none)."""
    trainable = frozenset(tensor.name for tensor in template.tensors if tensor.trainable)
    blocks = tuple(block_layout(template, block, taps, trainable) for block in template.blocks)
    groups = template.node_groups
    of_blocks, of_groups = block_columns(template), group_columns(template)
    return Layout(
        num_nodes=template.num_nodes,
        num_edges=sum(block.num_edges for block in blocks),
        channels=max(1, taps * taps),
        blocks=blocks,
        block_columns=torch.from_numpy(of_blocks),
        alike=alike(template, of_blocks, of_groups),
        coordinates=tuple(
            block_coordinates(block, folded.slots is not None)
            for block, folded in zip(template.blocks, blocks, strict=True)
        ),
        group_columns=torch.from_numpy(of_groups),
        node_group=torch.repeat_interleave(
            torch.arange(len(groups)), torch.tensor([group.size for group in groups])
        ),
        places=torch.cat([torch.from_numpy(place_columns(group)) for group in groups]),
    )


def alike(
    template: Template, of_blocks: NDArray[np.float32], of_groups: NDArray[np.float32]
) -> tuple[int, ...]:
    """Give for each block the first whose edges look like its own, also at both ends.

    A symmetry may exchange single edges of such blocks, and of no others.
    """
    first: dict[tuple[bytes, ...], int] = {}
    return tuple(
        first.setdefault(
            (
                own.tobytes(),
                of_groups[block.source_group].tobytes(),
                of_groups[block.target_group].tobytes(),
            ),
            place,
        )
        for place, (own, block) in enumerate(zip(of_blocks, template.blocks, strict=True))
    )


def block_layout(
    template: Template, block: EdgeBlock, taps: int, trainable: Collection[str]
) -> BlockLayout:
    """Lay one block out, folding its taps where they fit."""
    kept = [i for i, role in enumerate(block.axes) if role != "tap"]
    kernel = tuple(n for n, role in zip(block.shape, block.axes, strict=True) if role == "tap")
    folds = 0 < len(kernel) <= 2 and max(kernel) <= taps
    if not folds:
        kept = list(range(len(block.shape)))
    return BlockLayout(
        kind=EDGE_KINDS.index(block.kind),
        shape=tuple(block.shape[i] for i in kept),
        source_start=block.source_start,
        source_strides=tuple(block.source_strides[i] for i in kept),
        target_start=block.target_start,
        target_strides=tuple(block.target_strides[i] for i in kept),
        values=None if block.tensor is None else float_offsets(template)[block.tensor],
        constant=block.constant,
        slots=tap_slots(kernel, taps) if folds else None,
        fan_in=block.fan_in // prod(kernel) if folds else block.fan_in,
        fan_out=block.fan_out // prod(kernel) if folds else block.fan_out,
        weight_fan_in=block.fan_in,
        logarithmic=block.kind == "variance",
        editable=block.tensor in trainable,
        index=scalars(template, block),
        coefficients=fixed_coefficients(block),
    )


def scalars(template: Template, block: EdgeBlock) -> Tensor | None:
    """Say where the values of a strided view lie in a row of values, int64 (num_edges,)."""
    if block.tensor is None or block.tensor_strides is None:
        return None
    start, _ = float_offsets(template)[block.tensor]
    index = affine(block.shape, start + block.tensor_start, block.tensor_strides)
    return torch.from_numpy(index.reshape(-1).copy())


def fixed_coefficients(block: EdgeBlock) -> Tensor | None:
    """Give the constants of a block's edges where they differ, (num_edges,)."""
    if not block.coefficients:
        return None
    strides = block.tensor_strides or (0,) * len(block.shape)
    index = affine(block.shape, block.tensor_start, strides)
    return torch.tensor(block.coefficients, dtype=torch.float64)[
        torch.from_numpy(index.reshape(-1))
    ]


def tap_slots(kernel: tuple[int, ...], taps: int) -> tuple[int, ...]:
    """Place a kernel in the middle of a grid of taps x taps; one axis lies in the middle row."""
    rows, columns = kernel if len(kernel) == 2 else (1, kernel[0])
    top, left = (taps - rows) // 2, (taps - columns) // 2
    return tuple((top + r) * taps + left + c for r in range(rows) for c in range(columns))


def block_coordinates(block: EdgeBlock, folded: bool) -> Tensor | None:
    """Give the coordinates along a block's axes; those of folded taps are averaged away."""
    grid = coordinate_columns(block)
    if folded:
        grid = grid.mean(tuple(i for i, role in enumerate(block.axes) if role == "tap"))
    return torch.from_numpy(grid) if grid.any() else None
