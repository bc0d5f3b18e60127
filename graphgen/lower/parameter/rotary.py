"""The parameter graph of rotary positions: edges that tell the turned features apart."""

from __future__ import annotations

from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Rotary


def lower(state: Lowering, operation: Operation) -> None:
    """Lower rotary positions: each feature turns at a speed of its own, so none can be exchanged.

    The features that are not turned are told apart too.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Rotary):
        raise TypeError(f"expected a Rotary, got {primitive}")
    layout = state.settled(operation, state.layout(operation.inputs[0]))
    if len([f for f in layout.axes[-1] if f.size > 1]) > 1:
        raise state.refuse(operation, "its features are merged from several axes")
    layout = state.copy(operation, [layout], kind="rotary", role="place")
    state.step(layout.group, "rotary", **primitive.attributes())
    state.layouts[operation.output] = layout
