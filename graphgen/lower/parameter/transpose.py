"""The parameter graph of a transposition: nothing; only the axes change their order."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Transpose


def lower(state: Lowering, operation: Operation) -> None:
    """Give the axes their new order; nodes stay where they are, positions keep their identity."""
    primitive = operation.primitive
    if not isinstance(primitive, Transpose):
        raise TypeError(f"expected a Transpose, got {primitive}")
    layout = state.layout(operation.inputs[0])
    axes = tuple(layout.axes[axis] for axis in primitive.order)
    state.layouts[operation.output] = replace(layout, axes=axes)
