"""Columns of nodes: what each node group says, and the places of inputs and outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.features.row import FINGERPRINT, Row, log
from graphgen.kinds import NODE_KINDS, STEP_KINDS
from graphgen.template import Attributes, NodeGroup, Template

GROUP_NAMES = (
    *(f"kind_{kind}" for kind in NODE_KINDS),
    *(f"step_{kind}" for kind in STEP_KINDS),
    *(f"at_{kind}" for kind in STEP_KINDS),
    "log_size", "depth", "output", "output_index",
    "input_index", "input_axes", "input_axis", "input_size",
    "eps", "slope", "frequency", "factor", "kernel_size", "stride", "padding", "output_size",
    "size", "neurons", "positions", "count", "operands", "entries", "cells", "resolution", "base",
    *FINGERPRINT,
)  # fmt: skip
"""Columns that all nodes of a group share."""

PLACE_NAMES = ("place", "place_sin_1", "place_sin_3", "place_cos_1", "place_cos_3")
"""Columns that tell the nodes of an input or an output apart."""


def group_columns(template: Template) -> NDArray[np.float32]:
    """Give the columns of each node group, (groups, len(GROUP_NAMES))."""
    depth = depth_of(template)
    rows = [group_numbers(group, depth) for group in template.node_groups]
    return np.array(rows, dtype=np.float32).reshape(-1, len(GROUP_NAMES))


def depth_of(template: Template) -> int:
    """Give the depth that depths are divided by: the largest, at least 1."""
    return max((group.depth for group in template.node_groups), default=1) or 1


def group_numbers(group: NodeGroup, depth: int) -> list[float]:
    """Give the columns of one group."""
    row = Row()
    row.columns |= {"log_size": log(group.size), "depth": group.depth / depth}
    if group.output >= 0:
        row.columns |= {"output": 1.0, "output_index": float(group.output)}
    if group.kind in NODE_KINDS:
        row.columns[f"kind_{group.kind}"] = 1.0
    else:
        row.rest.append(group.kind)
    if group.shape not in ((), (group.size,)):
        row.rest.append(group.shape)
    add_order(row, [step.operation for step in group.steps])
    for place, step in enumerate(group.steps):
        attributes = step.attributes
        if step.operation == "input":
            attributes = add_input(row, dict(attributes), group.size)
        elif attributes == (("axes", plain_output(group.size)),):
            attributes = ()
        row.read(attributes, place)
    row.read(group.attributes)
    return row.numbers(GROUP_NAMES)


def add_order(row: Row, kinds: list[str]) -> None:
    """Say how often each kind of step occurs, and where on average, in eighths.

    This tells the order unless two kinds occur several times each.
    """
    several = 0
    for kind in dict.fromkeys(kinds):
        places = [place for place, other in enumerate(kinds) if other == kind]
        several += len(places) > 1 or kind not in STEP_KINDS
        row.columns[f"step_{kind}"] = float(len(places))
        row.columns[f"at_{kind}"] = sum(places) / len(places) / 8
    if several > 1 or not set(kinds) <= set(STEP_KINDS):
        row.rest.append(kinds)


def add_input(row: Row, attributes: dict[str, Any], size: int) -> Attributes:
    """Say which input it is and of what shape; give the attributes that are left."""
    shape = tuple(attributes.pop("shape", ()))
    axis = attributes.pop("axis", None)
    if isinstance(axis, tuple):
        attributes |= {"axes": axis, "shape": shape}
        axis = axis[0]
    if axis is None and shape[:1] == (1,) == (size,):
        axis = 0
    row.columns |= {
        "input_index": float(attributes.pop("index", 0)),
        "input_axes": float(len(shape)),
        "input_axis": 0.0 if axis is None else axis + 1.0,
        "input_size": log(shape),
    }
    neurons = shape[axis : axis + 1] if axis is not None else (size,)
    positions = {n for place, n in enumerate(shape) if place != axis}
    if neurons != (size,) or len(positions) > 1:
        attributes["shape"] = shape
    return tuple(attributes.items())


def plain_output(size: int) -> Any:
    """Give the axes of an output that is a vector with an item for each node of its group."""
    return ((("unit", 1, size),),) if size > 1 else ((),)


def place_columns(group: NodeGroup) -> NDArray[np.float32]:
    """Give the place of each node of an input or an output, (size, len(PLACE_NAMES)), else 0.

    A place lies between 0 and 1, and stands beside the sines and cosines of pi and 3 pi times it.
    """
    result = np.zeros((group.size, len(PLACE_NAMES)), dtype=np.float32)
    if group.kind == "input" or group.output >= 0:
        place = (np.arange(group.size) + 0.5) / group.size
        angles = np.outer(place * math.pi, [1.0, 3.0])
        result[:] = np.column_stack([place, np.sin(angles), np.cos(angles)])
    return result
