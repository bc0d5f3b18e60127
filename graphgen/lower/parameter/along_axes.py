"""Tensors that lie along axes of a value: biases, scales, running statistics."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.state import Layout, Lowering, row_major
from spec import Operation


def attach(
    state: Lowering, operation: Operation, layout: Layout, tensor: str, start: int, role: str
) -> None:
    """Add the edges from a tensor's own node to the neurons that its scalars act on.

    Positions become parallel edges with coordinates. Where the tensor does not tell all neurons
    apart, each of its scalars acts on several alike, through a hub node.
    """
    shape = state.net.tensors[tensor].shape
    rank = 0 if prod(shape) == 1 and shape != layout.shape[start : start + 1] else len(shape)
    factors = [factor for axis in layout.axes[start : start + rank] for factor in axis]
    sizes_along = tuple(factor.size for factor in factors) or (1,)
    roles = tuple("position" if f.group is None else "unit" for f in factors) or ("position",)
    strides = tuple(0 if f.group is None else f.stride for f in factors) or (0,)
    own = state.group(f"{operation.layer}.{role}", role, 1)
    neurons = [factor for factor in layout.neurons if factor.group == layout.group]
    reached = [factor for factor in factors if factor.group is not None]
    missed = [factor for factor in neurons if factor not in reached]
    direct = bool(reached) and not any(factor.size > 1 for factor in missed)
    target, offset = layout.group, layout.start
    if not direct:
        sizes = [factor.size for factor in reached]
        target, offset = state.group(f"{operation.layer}.{role}.hub", "hub", prod(sizes)), 0
        follow = iter(row_major(sizes))
        strides = tuple(next(follow) if kind == "unit" else 0 for kind in roles)
    state.block(
        operation, role, sizes_along, roles, own, (0,) * len(roles), target, strides, tensor,
        target_start=offset,
    )  # fmt: skip
    if not direct:
        inner = iter(row_major([factor.size for factor in reached]))
        hub_strides = tuple(next(inner) if factor in reached else 0 for factor in neurons)
        state.block(
            operation,
            "hub",
            tuple(factor.size for factor in neurons),
            ("unit",) * len(neurons),
            target,
            hub_strides,
            layout.group,
            tuple(factor.stride for factor in neurons),
            target_start=layout.start,
        )
