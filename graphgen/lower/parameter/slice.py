"""The parameter graph of a slice: fewer nodes of the same group, or a step for positions."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.state import Factor, Lowering
from spec import Operation
from spec.primitives import Slice


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a slice along one axis.

    Of neurons it is a run of the nodes of their group; of positions a step of a group of its own.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Slice):
        raise TypeError(f"expected a Slice, got {primitive}")
    layout = state.settled(operation, state.layout(operation.inputs[0]))
    count = primitive.stop - primitive.start
    axis = tuple(factor for factor in layout.axes[primitive.axis] if factor.size > 1)
    if count == prod(factor.size for factor in axis):
        state.layouts[operation.output] = layout
        return
    first, *rest = axis
    inner = prod(factor.size for factor in rest)
    if first.group is not None:
        if primitive.start % inner or count % inner:
            raise state.refuse(operation, "it cuts through the positions of a neuron")
        start = layout.start + primitive.start // inner * first.stride
        cut = (Factor(count // inner, first.group, first.stride), *rest)
        layout = replace(layout, start=start, exclusive=False)
    elif not rest:
        layout = state.copy(operation, [layout])
        state.step(
            layout.group, "slice", axis=primitive.axis, start=primitive.start, stop=primitive.stop
        )
        cut = (Factor(count),)
    else:
        raise state.refuse(operation, "it cuts an axis that was merged from several")
    axes = (*layout.axes[: primitive.axis], cut, *layout.axes[primitive.axis + 1 :])
    state.layouts[operation.output] = replace(layout, axes=axes)
