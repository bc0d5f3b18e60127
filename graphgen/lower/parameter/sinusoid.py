"""The parameter graph of sinusoidal positions: edges that tell the features apart."""

from __future__ import annotations

from graphgen.lower.parameter.rotary import sequence
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Sinusoid


def lower(state: Lowering, operation: Operation) -> None:
    """Lower fixed waves: a node of their own, whose edges carry the place of each feature."""
    primitive = operation.primitive
    if not isinstance(primitive, Sinusoid):
        raise TypeError(f"expected a Sinusoid, got {primitive}")
    layout = state.layout(operation.inputs[0])
    layout = spread(state, operation, layout, {0: POSITIONS, 1: NEURONS})
    layout = state.own(operation, layout)
    state.tell(operation, layout, layout.axes[1], kind="sinusoid")
    state.step(layout.group, "sinusoid", base=primitive.base, **sequence(layout, 0))
    state.layouts[operation.output] = layout
