"""The computation graph of a linear recurrence, unrolled along its axis."""

from __future__ import annotations

from graphgen.lower.computation.state import Items, Lowering
from spec import Operation
from spec.primitives import Recurrence


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a recurrence: at each place a product with what was before, and a sum.

    What is before the first item, if it is zero, has no nodes.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Recurrence):
        raise TypeError(f"expected a Recurrence, got {primitive}")
    axis = primitive.axis
    factors, terms, *initial = (state.value(name) for name in operation.inputs)
    result = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    shape = result.axis(axis, 1, 0, 0).shape
    kept = initial[0] if initial else None
    order = range(result.shape[axis])
    for time in reversed(order) if primitive.reverse else order:
        now = state.nodes(f"{operation.output}.{time}", "sum", shape)
        if kept is not None:
            product = state.nodes(f"{operation.output}.{time}.kept", "product", shape)
            for operand in (one(factors, axis, time), kept):
                state.identity(operation, operand, product, "operand")
            state.identity(operation, product, now)
        state.identity(operation, one(terms, axis, time), now)
        state.identity(operation, now, result.axis(axis, 1, time, 0))
        kept = now
    state.items[operation.output] = result


def one(items: Items, axis: int, time: int) -> Items:
    """Give one item along an axis; the only one wherever there is but one."""
    return items.axis(axis, 1, time if items.shape[axis] > 1 else 0, 0)
