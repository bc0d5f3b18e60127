"""Tensors that lie along axes of a value: biases, scales, running statistics."""

from __future__ import annotations

from graphgen.lower.state import Layout, Lowering
from spec import Operation


def attach(
    state: Lowering, operation: Operation, layout: Layout, tensor: str, start: int, role: str
) -> None:
    """Add the edges from a tensor's own node to the neurons that its scalars act on.

    Positions become parallel edges with coordinates. Where the tensor lies along positions only,
    each scalar acts on all neurons alike, through one hub node.
    """
    rank = len(state.net.tensors[tensor].shape)
    factors = [factor for axis in layout.axes[start : start + rank] for factor in axis]
    own = state.group(f"{operation.layer}.{role}", role, 1)
    target = layout.group
    if not any(factor.group is not None for factor in factors):
        target = state.group(f"{operation.layer}.{role}.hub", "hub", 1)
    state.block(
        operation,
        role,
        tuple(factor.size for factor in factors),
        tuple("position" if factor.group is None else "unit" for factor in factors),
        own,
        (0,) * len(factors),
        target,
        tuple(0 if factor.group is None else 1 for factor in factors),
        tensor,
    )
    if target != layout.group:
        size = state.groups[layout.group].size
        state.block(operation, "hub", (size,), ("unit",), target, (0,), layout.group, (1,))
