"""The computation graph of a transposition: nothing; strides change their order."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Transpose


def lower(state: Lowering, operation: Operation) -> None:
    """Give the axes their new order."""
    primitive = operation.primitive
    if not isinstance(primitive, Transpose):
        raise TypeError(f"expected a Transpose, got {primitive}")
    items = state.value(operation.inputs[0])
    order = (*primitive.order, *range(len(primitive.order), len(items.shape)))
    state.items[operation.output] = replace(
        items,
        shape=tuple(items.shape[axis] for axis in order),
        strides=tuple(items.strides[axis] for axis in order),
    )
