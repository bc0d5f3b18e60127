"""The parameter graph of elementwise functions: steps of a group, and edges of their parameters."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.along_axes import attach
from graphgen.lower.parameter.multiply import multiply
from graphgen.lower.parameter.state import Layout, Lowering
from spec import Operation
from spec.primitives import Elementwise

ROLES = {"add": "bias", "multiply": "scale", "prelu": "slope"}


def lower(state: Lowering, operation: Operation) -> None:
    """Lower an elementwise function.

    - Of one value: a step of the group that computes it.
    - With a parameter: a step, and edges from the parameter's own node.
    - `add` of several values: parameter-free edges into the group of the only operand that nothing
      else reads, or into a group of its own if no operand, or more than one, is such.
    - `dropout` is the identity of a trained network and leaves no trace.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {primitive}")
    if primitive.function == "dropout":
        layout = state.layout(operation.inputs[0])
    elif len(operation.inputs) > 1:
        combine = add if primitive.function == "add" else multiply
        layout = combine(state, operation)
    else:
        layout = state.layout(operation.inputs[0])
        if (
            not layout.exclusive
            or primitive.function == "causal_mask"
            or not along_one(state, operation, layout)
        ):
            layout = state.own(operation, operation.inputs[0])
        if operation.parameters:
            role = ROLES[primitive.function]
            start = primitive.parameter_start(len(layout.axes))
            attach(state, operation, layout, operation.parameters[0], start, role)
            state.step(layout.group, "prelu" if role == "slope" else role)
        else:
            name = "scale_by" if primitive.function == "scale" else primitive.function
            state.step(layout.group, name, **dict(primitive.arguments))
    state.layouts[operation.output] = layout


def along_one(state: Lowering, operation: Operation, layout: Layout) -> bool:
    """Say whether a step can be taken by the computing group alone: its parameter lies there."""
    primitive = operation.primitive
    if not operation.parameters or not isinstance(primitive, Elementwise):
        return True
    start = primitive.parameter_start(len(layout.axes))
    rank = len(state.net.tensors[operation.parameters[0]].shape)
    return all(
        factor.group in (None, layout.group)
        for axis in layout.axes[start : start + rank]
        for factor in axis
    )


def add(state: Lowering, operation: Operation) -> Layout:
    """Lower the sum of several values."""
    layouts = [state.settled(operation, state.layout(name)) for name in operation.inputs]
    axes = state.common_axes(operation, layouts)
    full = tuple(prod(factor.size for factor in axis) for axis in axes)
    free = [layout for layout in layouts if layout.exclusive and layout.shape == full]
    into = free[0] if len(free) == 1 else None
    layout = state.copy(operation, layouts, into=into)
    state.step(layout.group, "add", operands=len(layouts))
    return replace(layout, exclusive=True)
