"""The parameter graph of rotary positions: edges that tell the turned features apart."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.layout import Layout
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Rotary


def lower(state: Lowering, operation: Operation) -> None:
    """Lower rotary positions: each feature turns at a speed of its own, so none can be exchanged.

    Edges from a node of their own tell the turned features of each head apart.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Rotary):
        raise TypeError(f"expected a Rotary, got {primitive}")
    last = len(state.shapes[operation.output]) - 1
    layout = spread(
        state, operation, state.layout(operation.inputs[0]),
        {primitive.axis: POSITIONS, last: NEURONS}, single={last},
    )  # fmt: skip
    layout = state.copy(operation, layout)
    (features,) = layout.axes[last]
    own = state.group(f"{operation.layer}.rotary", "hub", 1)
    rows: list[Row] = [
        *((d.size, "unit", 0, d.stride) for d in layout.own if d != features),
        (primitive.size, "place", 0, features.stride),
    ]
    state.connect(
        operation, "rotary", rows, (own, 0), (layout.group, layout.start),
        attributes=(("features", features.size),),
    )  # fmt: skip
    along = sequence(layout, primitive.axis)
    plain = Rotary(primitive.axis, primitive.size).attributes()
    always = ("size", "base", "interleaved")
    arguments = {
        name: value
        for name, value in primitive.attributes().items()
        if name in always or value != plain[name]
    }
    state.step(layout.group, "rotary", **arguments, **along)
    state.layouts[operation.output] = layout


def sequence(layout: Layout, axis: int) -> dict[str, object]:
    """Say which positions are a sequence, maybe none of them, unless all are, in their order."""
    if not layout.axes[axis] and prod(layout.space) > 1:
        return {"positions": ()}
    return dict(layout.part(layout.axes[axis]))
