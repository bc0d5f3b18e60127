"""The parameter graph of elementwise functions: steps of a group, and edges of their parameters."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.lower.parameter.along_axes import attach
from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.combine import agreed, gathered
from graphgen.lower.parameter.layout import Layout, joined
from graphgen.lower.parameter.learned import beside
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Elementwise
from spec.primitives.elementwise import NESTED, lying

ROLES = {"add": "bias", "multiply": "scale", "prelu": "slope"}
EDGES = {"multiply": "operand", "maximum": "max", "where": "choice"}


def lower(state: Lowering, operation: Operation) -> None:
    """Lower an elementwise function.

    - Of one value: a step of the group that computes it.
    - With a parameter, or a learned value: a step, and edges from the parameter's own node.
    - `add` of several values: parameter-free edges into the group of the only operand that nothing
      else reads, or into a group of its own if no operand, or more than one, is such.
    - Others of several values: edges of operands into a group of its own, numbered where their
      order matters.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {primitive}")
    learned = beside(state, operation)
    values = operation.inputs if learned is None else learned[:1]
    layouts = [state.layout(name) for name in values]
    if learned is not None:
        layout = with_parameter(state, operation, layouts[0], learned[1], 0)
    elif len(layouts) > 1:
        layout = combined(state, operation, primitive.function, layouts)
    elif operation.parameters:
        start = primitive.parameter_start(len(layouts[0].axes))
        (tensor,) = operation.parameters
        layout = with_parameter(state, operation, layouts[0], tensor, start)
    elif primitive.function == "band_mask":
        layout = masked(state, operation, layouts[0])
    else:
        layout = state.own(operation, layouts[0])
        state.step(layout.group, primitive.function, **dict(primitive.arguments))
    state.layouts[operation.output] = layout


def combined(
    state: Lowering, operation: Operation, function: str, layouts: Sequence[Layout]
) -> Layout:
    """Lower what takes several values, in whatever order they are given, if that plays no part."""
    if function in NESTED:
        layouts = sorted(layouts, key=lambda lay: (state.colour(lay.group), lay.start, lay.group))
    together = agreed(state, operation, layouts)
    if function == "add":
        full = tuple(max(sizes) for sizes in zip(*(lay.shape for lay in together), strict=True))
        free = [layout for layout in together if layout.exclusive and layout.shape == full]
        layout = gathered(state, operation, together, into=free[0] if len(free) == 1 else None)
    else:
        layout = gathered(state, operation, together, kind=EDGES[function])
    state.step(layout.group, function, operands=len(layouts))
    return layout


def with_parameter(
    state: Lowering, operation: Operation, layout: Layout, tensor: str, start: int
) -> Layout:
    """Lower a function of a value and a parameter that lies along some of its axes."""
    primitive = operation.primitive
    if not isinstance(primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {primitive}")
    role = ROLES[primitive.function]
    rank = len(lying(state.net.tensors[tensor].shape))
    if any(digit in layout.carried for axis in layout.axes[start : start + rank] for digit in axis):
        layout = fronted(state, operation, layout, range(start, start + rank))
    layout = state.own(operation, layout)
    attach(state, operation, layout, tensor, start, role)
    state.step(layout.group, "prelu" if role == "slope" else role)
    return layout


def masked(state: Lowering, operation: Operation, layout: Layout) -> Layout:
    """Lower a mask of the last two axes that shows a band; it tells neurons on them apart."""
    last = range(len(layout.axes) - 2, len(layout.axes))
    if any(digit in layout.carried for axis in last for digit in layout.axes[axis]):
        layout = fronted(state, operation, layout, last)
    layout = state.own(operation, layout)
    told = [digit for axis in layout.axes[-2:] for digit in axis if digit.group is not None]
    if told:
        state.tell(operation, layout, told)
    rows = tuple(joined(axis) for axis in layout.axes[-2:])
    record = {} if rows == layout.birth and not told else {"positions": rows}
    if not isinstance(operation.primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {operation.primitive}")
    limits = {name: limit for name, limit in operation.primitive.arguments if limit is not None}
    state.step(layout.group, "band_mask", **limits, **record)
    return layout
