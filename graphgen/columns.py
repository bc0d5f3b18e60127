"""Columns: what a template says of each node and each edge, as flat arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.template import EdgeBlock, Template

NODE_KINDS = (
    "input", "neuron", "hub", "bias", "scale", "mean", "variance", "slope", "learned",
    "constant", "sum", "product", "max", "mean_square", "log_sum_exp", "normalise", "softmax",
    "prelu", "masked", "coefficient",
)  # fmt: skip
EDGE_KINDS = (
    "linear", "window1d", "window2d", "bias", "scale", "mean", "variance", "identity", "hub",
    "window3d", "slope", "learned", "table", "operand", "sum", "max", "place", "gate", "recurrent",
    "rotary", "sinusoid", "log_sum_exp", "spread",
)  # fmt: skip
STEP_KINDS = (
    "input", "bias", "scale", "add", "batch_norm", "layer_norm", "group_norm", "max_pool",
    "mean_pool", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "sigmoid",
    "tanh", "softplus", "softsign", "hardtanh", "hardsigmoid", "hardswish",
    "prelu", "sine", "cosine", "scale_by", "causal_mask", "softmax", "rms_norm", "instance_norm",
    "multiply", "product", "mean", "max", "sum", "resample", "slice", "concat", "grid_lookup",
    "hash_lookup", "lstm", "gru", "rnn_tanh", "rnn_relu", "rotary", "sinusoid",
    "one_hot", "output",
)  # fmt: skip
POSITION_AXES = 3


def node_columns(template: Template) -> dict[str, NDArray[Any]]:
    """Give `node_kind`, `node_group` and `node_depth`, int64 arrays of one entry per node."""
    groups = template.node_groups
    sizes = [group.size for group in groups]
    kinds = [NODE_KINDS.index(group.kind) for group in groups]
    return {
        "node_kind": np.repeat(np.array(kinds, dtype=np.int64), sizes),
        "node_group": np.repeat(np.arange(len(groups), dtype=np.int64), sizes),
        "node_depth": np.repeat(np.array([g.depth for g in groups], dtype=np.int64), sizes),
    }


def edge_columns(template: Template) -> dict[str, NDArray[Any]]:
    """Give `edge_kind`, `edge_block` (int64) and `edge_position` (float32, up to 3 axes)."""
    blocks = template.blocks
    sizes = [block.num_edges for block in blocks]
    kinds = [EDGE_KINDS.index(block.kind) for block in blocks]
    position = np.zeros((template.num_edges, POSITION_AXES), dtype=np.float32)
    for block in blocks:
        part = position[block.edge_start : block.edge_start + block.num_edges]
        grid = part.reshape(*block.shape, POSITION_AXES)
        axes = coordinates(block)
        if len(axes) > POSITION_AXES:
            raise GraphError(
                f"{block.name}: its edges have {len(axes)} axes of positions, and the columns of "
                f"an export hold {POSITION_AXES}; reshape the value to fewer axes"
            )
        for column, (axis, values) in enumerate(axes):
            shape = [-1 if i == axis else 1 for i in range(len(block.shape))]
            grid[..., column] = values.reshape(shape)
    return {
        "edge_kind": np.repeat(np.array(kinds, dtype=np.int64), sizes),
        "edge_block": np.repeat(np.arange(len(blocks), dtype=np.int64), sizes),
        "edge_position": position,
    }


def coordinates(block: EdgeBlock) -> list[tuple[int, NDArray[np.float32]]]:
    """List the axes that tell edges apart by coordinates, from -1 to 1 (0 if alone)."""
    result = []
    for axis, (role, size) in enumerate(zip(block.axes, block.shape, strict=True)):
        if role in ("tap", "position", "place"):
            values = np.linspace(-1, 1, size) if size > 1 else np.zeros(1)
            result.append((axis, values.astype(np.float32)))
    return result
