"""The parameter graph of a concatenation: a group that takes the values side by side."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.state import Factor, Layout, Lowering, row_major
from spec import Operation
from spec.primitives import Concat


def lower(state: Lowering, operation: Operation) -> None:
    """Lower values side by side: along neurons in a run of nodes each, along positions by a step.

    Parameter-free edges lead from each neuron to its fellow.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Concat):
        raise TypeError(f"expected a Concat, got {primitive}")
    layouts = [state.settled(operation, state.layout(name)) for name in operation.inputs]
    axis = primitive.axis
    if any(factor.group is not None for layout in layouts for factor in layout.axes[axis]):
        state.layouts[operation.output] = neurons(state, operation, layouts, axis)
        return
    sizes = tuple(layout.shape[axis] for layout in layouts)
    alike = [
        replace(layout, axes=(*layout.axes[:axis], (Factor(1),), *layout.axes[axis + 1 :]))
        for layout in layouts
    ]
    places = tuple((("operand", place),) for place in range(len(layouts)))
    layout = state.copy(operation, alike, attributes=places)
    state.step(layout.group, "concat", axis=axis, sizes=sizes)
    axes = (*layout.axes[:axis], (Factor(sum(sizes)),), *layout.axes[axis + 1 :])
    state.layouts[operation.output] = replace(layout, axes=axes)


def neurons(state: Lowering, operation: Operation, layouts: list[Layout], axis: int) -> Layout:
    """Put the neurons of each value into a run of nodes of one group."""
    inner = None
    for layout in layouts:
        along = [
            factor for factor in layout.axes[axis] if factor.size > 1 or factor.group is not None
        ]
        positions = tuple(factor.size for factor in along if factor.group is None)
        count = len(along) - len(positions)
        ordered = all(factor.group is not None for factor in along[:count])
        if (
            len(layout.neurons) != count
            or not count
            or not ordered
            or inner not in (None, positions)
        ):
            raise state.refuse(operation, "its operands' neurons and positions lie differently")
        inner = positions
    total = sum(prod(factor.size for factor in layout.neurons) for layout in layouts)
    target = state.group(operation.output, "neuron", total)
    start = 0
    for layout in layouts:
        sizes = [factor.size for factor in layout.neurons]
        state.block(
            operation,
            "identity",
            tuple(sizes),
            ("unit",) * len(sizes),
            layout.group,
            tuple(factor.stride for factor in layout.neurons),
            target,
            row_major(sizes),
            source_start=layout.start,
            target_start=start,
        )
        start += prod(sizes)
    first = layouts[0].axes
    joined = (Factor(total, target), *(Factor(size) for size in inner or ()))
    return Layout((*first[:axis], joined, *first[axis + 1 :]), target, exclusive=True)
