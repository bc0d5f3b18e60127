"""The parameter graph of a linear recurrence: edges of its operands, and a step."""

from __future__ import annotations

from graphgen.lower.parameter.combine import agreed, gathered
from graphgen.lower.parameter.layout import joined
from graphgen.lower.parameter.spread import POSITIONS, spread
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Recurrence


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a recurrence: its axis holds positions, of which the step says the order.

    `choice` edges say by `operand` which are the factors, the terms and the beginning.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Recurrence):
        raise TypeError(f"expected a Recurrence, got {primitive}")
    axis = primitive.axis
    layouts = [
        spread(state, operation, layout, {axis: POSITIONS}) if layout.axes[axis] else layout
        for layout in (state.layout(name) for name in operation.inputs)
    ]
    layouts = agreed(state, operation, layouts, besides={axis})
    layout = gathered(state, operation, layouts, kind="choice")
    state.step(
        layout.group, "recurrence", along=joined(layout.axes[axis]), reverse=primitive.reverse,
        operands=len(layouts),
    )  # fmt: skip
    state.layouts[operation.output] = layout
