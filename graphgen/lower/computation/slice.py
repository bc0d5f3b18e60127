"""The computation graph of a slice: fewer of the nodes that are there."""

from __future__ import annotations

from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Slice


def lower(state: Lowering, operation: Operation) -> None:
    """Take a run of items along one axis."""
    primitive = operation.primitive
    if not isinstance(primitive, Slice):
        raise TypeError(f"expected a Slice, got {primitive}")
    items = state.value(operation.inputs[0])
    count = primitive.stop - primitive.start
    if count < items.shape[primitive.axis]:
        items = items.axis(primitive.axis, count, primitive.start, 1)
    state.items[operation.output] = items
