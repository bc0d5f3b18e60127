"""Layouts: a template as a metanet reads it, with kernel taps parallel or folded into channels."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

import numpy as np
import torch
from torch import Tensor

from graphgen import EdgeBlock, NodeGroup, Template
from graphgen.affine import affine
from graphgen.columns import EDGE_KINDS, NODE_KINDS, POSITION_AXES, STEP_KINDS, coordinates
from metanet.batch import float_offsets
from metanet.errors import MetanetError

FINGERPRINT = 4
EDGE_NUMBERS = 10 + FINGERPRINT
NODE_NUMBERS = 12 + FINGERPRINT
NODE_ORDER = 4
MAX_STEPS = 16


@dataclass(frozen=True)
class BlockLayout:
    """A block of edges as a metanet reads it: `shape` is without the taps that are folded.

    `slots` says which channel each folded tap takes (None: one value per edge). `index` says
    where each value lies where they are not the tensor in its own order; `editable`: whether the
    block owns the parameters of a trainable tensor.
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

    @property
    def num_edges(self) -> int:
        """The number of edges of one network."""
        return prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """A template's blocks, and what is known of each block and node group, as tensors.

    `block_kind`, `block_step` (blocks,), `block_numbers` (blocks, EDGE_NUMBERS),
    `group_kind` (groups,), `group_numbers`
    (groups, NODE_NUMBERS), `group_steps` (groups, MAX_STEPS; -1 where there are fewer),
    `node_group` (nodes,), `node_order` (nodes, NODE_ORDER): waves over the place of an input or
    output neuron, else 0. `positions` holds each block's coordinates along its axes of parallel
    edges, (*sizes or 1, POSITION_AXES), or None.
    """

    num_nodes: int
    num_edges: int
    channels: int
    blocks: tuple[BlockLayout, ...]
    block_kind: Tensor
    block_step: Tensor
    block_numbers: Tensor
    positions: tuple[Tensor | None, ...]
    group_kind: Tensor
    group_numbers: Tensor
    group_steps: Tensor
    node_group: Tensor
    node_order: Tensor


@lru_cache(maxsize=4096)
def layout(template: Template, taps: int) -> Layout:
    """Lay a template out; kernels of at most `taps` along each axis are folded (0: none)."""
    blocks = tuple(block_layout(template, block, taps) for block in template.blocks)
    depth = max((group.depth for group in template.node_groups), default=1) or 1
    return Layout(
        num_nodes=template.num_nodes,
        num_edges=sum(block.num_edges for block in blocks),
        channels=max(1, taps * taps),
        blocks=blocks,
        block_kind=torch.tensor([block.kind for block in blocks]),
        block_step=torch.tensor([min(b.step, MAX_STEPS - 1) for b in template.blocks]),
        block_numbers=torch.tensor(
            [edge_numbers(template, block, depth) for block in template.blocks]
        ),
        positions=tuple(
            block_positions(block, folded.slots is not None)
            for block, folded in zip(template.blocks, blocks, strict=True)
        ),
        group_kind=torch.tensor([NODE_KINDS.index(g.kind) for g in template.node_groups]),
        group_numbers=torch.tensor([node_numbers(g, depth) for g in template.node_groups]),
        group_steps=torch.tensor([step_kinds(g) for g in template.node_groups]),
        node_group=torch.repeat_interleave(
            torch.arange(len(template.node_groups)),
            torch.tensor([g.size for g in template.node_groups]),
        ),
        node_order=torch.cat([node_order(g) for g in template.node_groups]),
    )


def block_layout(template: Template, block: EdgeBlock, taps: int) -> BlockLayout:
    """Lay one block out, folding its taps where they fit."""
    kept = [i for i, role in enumerate(block.axes) if role != "tap"]
    kernel = tuple(n for n, role in zip(block.shape, block.axes, strict=True) if role == "tap")
    folds = 0 < len(kernel) <= 2 and max(kernel) <= taps
    if not folds:
        kept = list(range(len(block.shape)))
    trainable = {tensor.name for tensor in template.tensors if tensor.trainable}
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
        editable=block.tensor in trainable and not block.tied,
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


def block_positions(block: EdgeBlock, folded: bool) -> Tensor | None:
    """Give the coordinates along the axes of parallel edges, (*sizes or 1, POSITION_AXES)."""
    axes = [] if folded else coordinates(block)
    if all(len(values) == 1 for _, values in axes):
        return None
    if len(axes) > POSITION_AXES:
        raise MetanetError(f"{block.name}: more than {POSITION_AXES} axes of positions")
    chosen = {axis for axis, _ in axes}
    shape = [size if axis in chosen else 1 for axis, size in enumerate(block.shape)]
    grid = np.zeros((*shape, POSITION_AXES), dtype=np.float32)
    for column, (axis, values) in enumerate(axes):
        grid[..., column] = values.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return torch.from_numpy(grid)


def edge_numbers(template: Template, block: EdgeBlock, depth: int) -> list[float]:
    """Describe a block by EDGE_NUMBERS numbers, most of them logarithms."""
    attributes = dict(block.attributes)
    kernel = prod(n for n, role in zip(block.shape, block.axes, strict=True) if role == "tap")
    positions = prod(
        n for n, role in zip(block.shape, block.axes, strict=True) if role == "position"
    )
    target = template.node_groups[block.target_group]
    return [
        math.log(block.fan_in),
        math.log(block.fan_out),
        math.log(kernel),
        math.log(positions),
        mean_of(attributes.get("stride", 1)) - 1,
        mean_of(attributes.get("padding", 0)),
        mean_of(attributes.get("dilation", 1)) - 1,
        math.log(attributes.get("groups", 1)),
        target.depth / depth,
        float(block.tied),
        *fingerprint(block.attributes),
    ]


def node_numbers(group: NodeGroup, depth: int) -> list[float]:
    """Describe a node group by NODE_NUMBERS numbers."""
    numbers = [math.log(group.size), group.depth / depth, float(group.output >= 0)]
    sums = dict.fromkeys(
        (
            "eps",
            "slope",
            "kernel_size",
            "stride",
            "padding",
            "output_size",
            "size",
            "shape",
            "word",
        ),
        0.0,
    )
    for step in group.steps:
        for name, value in step.attributes:
            if name == "eps":
                sums["eps"] += math.log10(value + 1e-12) / 5
            elif name in ("negative_slope", "alpha", "beta"):
                sums["slope"] += value
            elif name == "size":
                sums["size"] += math.log(prod(value) if isinstance(value, tuple) else value)
            elif name == "shape":
                sums["shape"] += math.log(prod(value))
            elif name in sums:
                sums[name] += mean_of(value)
            elif isinstance(value, str):
                sums["word"] += len(value) / 10
            elif isinstance(value, bool):
                sums["word"] += float(value)
    return [*numbers, *sums.values(), *fingerprint(group.steps, group.output, *group.attributes)]


def fingerprint(*parts: object) -> list[float]:
    """Give FINGERPRINT small numbers that differ wherever the parts differ.

    The other numbers are averages and sums that a model can generalise from; what they leave out,
    such as which of two axes has which stride, must not make two functions look the same.
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return [0.1 * (byte / 127.5 - 1) for byte in digest[:FINGERPRINT]]


def mean_of(value: float | tuple[float, ...]) -> float:
    """Average a number or a tuple of numbers."""
    return sum(value) / max(1, len(value)) if isinstance(value, tuple) else float(value)


def step_kinds(group: NodeGroup) -> list[int]:
    """Give the kinds of a group's steps, padded with -1."""
    if len(group.steps) > MAX_STEPS:
        raise MetanetError(f"{group.name}: {len(group.steps)} steps, at most {MAX_STEPS}")
    kinds = [STEP_KINDS.index(step.operation) for step in group.steps]
    return kinds + [-1] * (MAX_STEPS - len(kinds))


def node_order(group: NodeGroup) -> Tensor:
    """Tell the neurons of an input or output apart by their place."""
    if group.kind != "input" and group.output < 0:
        return torch.zeros(group.size, NODE_ORDER)
    places = (torch.arange(group.size) + 0.5) / group.size
    angles = torch.outer(places * math.pi, torch.tensor([1.0, 3.0]))
    return torch.cat([angles.sin(), angles.cos()], dim=1)
