"""The computation graph of chosen items: nodes that are there, or copies of them in new places."""

from __future__ import annotations

from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Take


def lower(state: Lowering, operation: Operation) -> None:
    """Take items along one axis, run by run; a constant comes from a constant node.

    One run is a view of the nodes that are there. Nodes that nothing leads to are 0.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Take):
        raise TypeError(f"expected a Take, got {primitive}")
    items, axis = state.value(operation.inputs[0]), primitive.axis
    if len(primitive.runs) == 1 and not primitive.is_filled:
        ((first, count, step),) = primitive.runs
        state.items[operation.output] = items.axis(axis, count, first, step)
        return
    shape = (*items.shape[:axis], primitive.count, *items.shape[axis + 1 :])
    target = state.nodes(operation.output, "sum", shape)
    begin = 0
    for first, count, step in primitive.runs:
        part = target.axis(axis, count, begin, 1)
        begin += count
        if first >= 0:
            state.identity(operation, items.axis(axis, count, first, step), part)
        elif primitive.value:
            own = state.nodes(f"{operation.output}.constant", "constant", (1,) * len(shape))
            state.identity(operation, own, part, constant=primitive.value)
    state.items[operation.output] = target
