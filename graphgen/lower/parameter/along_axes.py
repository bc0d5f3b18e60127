"""Tensors that lie along axes of a value: biases, scales, running statistics."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.layout import Layout, row_major
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives.elementwise import lying


def attach(
    state: Lowering, operation: Operation, layout: Layout, tensor: str, start: int, role: str
) -> None:
    """Add the edges from a tensor's own node to the neurons that its scalars act on.

    Positions become parallel edges with coordinates. Where the tensor does not tell all neurons
    apart, each of its scalars acts on several alike, through a hub node.
    """
    shape = lying(state.net.tensors[tensor].shape)
    axes = zip(layout.axes[start : start + len(shape)], shape, strict=False)
    along = [digit for axis, size in axes if size > 1 for digit in axis]
    reached = [digit for digit in along if digit.group is not None]
    missed = [digit for digit in layout.own if digit not in reached]
    own = state.group(f"{operation.layer}.{role}", role, 1)
    target, goals = (layout.group, layout.start), {digit: digit.stride for digit in reached}
    if missed:
        sizes = [digit.size for digit in reached]
        target = state.group(f"{operation.layer}.{role}.hub", "hub", prod(sizes)), 0
        goals = dict(zip(reached, row_major(sizes), strict=True))
    rows: list[Row] = [
        (d.size, "position", 0, 0) if d.group is None else (d.size, "unit", 0, goals[d])
        for d in along
    ]
    state.connect(
        operation, role, rows or [(1, "position", 0, 0)], (own, 0), target, tensor,
        attributes=layout.part(along),
    )  # fmt: skip
    if missed:
        spokes: list[Row] = [(d.size, "unit", goals.get(d, 0), d.stride) for d in layout.own]
        state.connect(operation, "hub", spokes, target, (layout.group, layout.start))
