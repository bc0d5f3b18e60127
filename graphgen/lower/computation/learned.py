"""The computation graph of a learned value: edges from a constant node."""

from __future__ import annotations

from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Learned


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a parameter that is a value."""
    primitive = operation.primitive
    if not isinstance(primitive, Learned):
        raise TypeError(f"expected a Learned, got {primitive}")
    target = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    state.parameter(operation, "learned", target, operation.parameters[0], 0)
    state.items[operation.output] = target
