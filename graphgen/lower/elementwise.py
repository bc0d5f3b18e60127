"""The parameter graph of elementwise functions: steps of a group, and edges of their parameters."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.along_axes import attach
from graphgen.lower.state import Layout, Lowering
from spec import Operation
from spec.primitives import Elementwise

ROLES = {"add": "bias", "multiply": "scale"}


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
        layout = add(state, operation)
    else:
        layout = state.own(operation, operation.inputs[0])
        if operation.parameters:
            role = ROLES[primitive.function]
            start = primitive.parameter_start(len(layout.axes))
            attach(state, operation, layout, operation.parameters[0], start, role)
            state.step(layout.group, role)
        else:
            state.step(layout.group, primitive.function, **dict(primitive.arguments))
    state.layouts[operation.output] = layout


def add(state: Lowering, operation: Operation) -> Layout:
    """Lower the sum of several values."""
    layouts = [state.layout(name) for name in operation.inputs]
    patterns = {
        tuple(tuple((f.size, f.group is None) for f in axis) for axis in layout.axes)
        for layout in layouts
    }
    if len(patterns) > 1:
        raise state.refuse(operation, "the neurons of its operands lie on different axes")
    free = [layout for layout in layouts if layout.exclusive]
    if len(free) != 1:
        layout = state.copy(operation, layouts)
    else:
        (layout,) = free
        for other in layouts:
            if other is not layout:
                state.connect(operation, other, layout.group)
    state.step(layout.group, "add", operands=len(layouts))
    return replace(layout, exclusive=True)
