"""The computation graph of a concatenation: nodes that take the items of each value."""

from __future__ import annotations

from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Concat


def lower(state: Lowering, operation: Operation) -> None:
    """Bring values side by side, over parameter-free edges."""
    primitive = operation.primitive
    if not isinstance(primitive, Concat):
        raise TypeError(f"expected a Concat, got {primitive}")
    shape = (*state.net.shapes[operation.output], *state.entries(operation.inputs[0]))
    target = state.nodes(operation.output, "sum", shape)
    first = 0
    for name in operation.inputs:
        items = state.value(name)
        size = items.shape[primitive.axis]
        state.identity(operation, items, target.axis(primitive.axis, size, first, 1))
        first += size
    state.items[operation.output] = target
