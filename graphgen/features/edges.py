"""Columns of edges: what each edge block says, and the coordinates along its axes."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.features.nodes import depth_of
from graphgen.features.row import FINGERPRINT, Row, fingerprint, log, signed_log
from graphgen.kinds import COORDINATES, EDGE_KINDS, ROLES
from graphgen.template import EdgeBlock, Template

BLOCK_NAMES = (
    *(f"kind_{kind}" for kind in EDGE_KINDS),
    *(f"axes_{role}" for role in ROLES),
    "log_fan_in", "log_fan_out", "log_taps", "log_positions", "log_places",
    "stride", "padding", "dilation", "groups", "transposed", "output_padding", "operand",
    "depth", "step", "log_step", "parameter", "trainable", "shared", "constant",
    *FINGERPRINT,
)  # fmt: skip
"""Columns that all edges of a block share."""

OWN_COORDINATES = 3
COORDINATE_NAMES = (*(f"coordinate_{i}" for i in range(OWN_COORDINATES)), "coordinate_rest")
"""Columns that tell the edges of a block apart."""


def block_columns(template: Template) -> NDArray[np.float32]:
    """Give the columns of each edge block, (blocks, len(BLOCK_NAMES))."""
    depth = depth_of(template)
    trainable = {tensor.name for tensor in template.tensors if tensor.trainable}
    uses: dict[str, list[Any]] = defaultdict(list)
    for block in template.blocks:
        if block.tensor is not None:
            uses[block.tensor].append(use_of(block))
    shared = {
        name: (log(len(of_one)), fingerprint(sorted(of_one, key=repr)))
        for name, of_one in uses.items()
        if len(of_one) > 1
    }
    rows = []
    for block in template.blocks:
        row = block_row(block)
        row.columns["depth"] = template.node_groups[block.target_group].depth / depth
        row.columns["trainable"] = float(block.tensor in trainable)
        if block.tensor in shared:
            row.columns["shared"], others = shared[block.tensor]
            row.rest += [others, use_of(block)]
        rows.append(row.numbers(BLOCK_NAMES))
    return np.array(rows, dtype=np.float32).reshape(-1, len(BLOCK_NAMES))


def block_row(block: EdgeBlock) -> Row:
    """Collect what one block says on its own."""
    windows = block.kind.removeprefix("window").removesuffix("d")
    row = Row(int(windows) if windows.isdigit() else 2)
    row.columns |= {
        "log_fan_in": log(block.fan_in),
        "log_fan_out": log(block.fan_out),
        "step": block.step / 4,
        "log_step": signed_log(block.step),
    }
    if block.kind in EDGE_KINDS:
        row.columns[f"kind_{block.kind}"] = 1.0
    else:
        row.rest.append(block.kind)
    for role in ROLES:
        row.columns[f"axes_{role}"] = float(block.axes.count(role))
    for role in COORDINATES:
        row.columns[f"log_{role}s"] = log(sizes_of(block, role))
    if [role for role in ROLES for _ in range(block.axes.count(role))] != list(block.axes):
        row.rest.append(block.axes)
    row.read(block.attributes)
    if block.tensor is not None:
        row.columns["parameter"] = 1.0
    elif block.coefficients:
        row.rest.append((block.coefficients, block.tensor_start, block.tensor_strides))
    else:
        row.columns["constant"] = block.constant
    return row


def sizes_of(block: EdgeBlock, role: str) -> tuple[int, ...]:
    """Give the sizes of a block's axes of one role."""
    return tuple(n for n, other in zip(block.shape, block.axes, strict=True) if other == role)


def use_of(block: EdgeBlock) -> Any:
    """Say how a block uses its tensor, apart from the part of it that it begins at."""
    return block.kind, block.axes, block.step, block.attributes, order_of(block)


def order_of(block: EdgeBlock) -> Any:
    """Give the order of a block's axes in its tensor; their strides where these skip or repeat."""
    strides = block.tensor_strides
    if strides is None:
        return tuple(range(len(block.shape)))
    order = sorted(range(len(block.shape)), key=lambda axis: -strides[axis])
    sizes = [block.shape[axis] for axis in order]
    dense = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    return tuple(order) if dense == [strides[axis] for axis in order] else strides


def coordinate_columns(block: EdgeBlock) -> NDArray[np.float32]:
    """Give the coordinates of a block's edges, (*sizes, len(COORDINATE_NAMES)).

    Sizes are 1 along axes without coordinates. A coordinate runs from -1 to 1 in equal steps, 0 if
    there is but one; the first three axes that have one have a column each, and all further axes,
    as one axis of all their items in C order, the last.
    """
    axes = [axis for axis, role in enumerate(block.axes) if role in COORDINATES]
    shape = [n if axis in axes else 1 for axis, n in enumerate(block.shape)]
    result = np.zeros((*shape, len(COORDINATE_NAMES)), dtype=np.float32)
    runs = [[axis] for axis in axes[:OWN_COORDINATES]] + [axes[OWN_COORDINATES:]]
    for column, run in enumerate(runs):
        size = prod(shape[axis] for axis in run)
        if size > 1:
            grid = [n if axis in run else 1 for axis, n in enumerate(shape)]
            result[..., column] = np.linspace(-1, 1, size).reshape(grid)
    return result
