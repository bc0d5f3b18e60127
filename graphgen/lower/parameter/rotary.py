"""The parameter graph of rotary positions: edges that tell the turned features apart."""

from __future__ import annotations

from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Rotary


def lower(state: Lowering, operation: Operation) -> None:
    """Lower rotary positions: each feature turns at a speed of its own, so none can be exchanged.

    Edges from a node of their own tell the turned features of each head apart.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Rotary):
        raise TypeError(f"expected a Rotary, got {primitive}")
    layout = state.settled(operation, state.layout(operation.inputs[0]))
    if len([f for f in layout.axes[-1] if f.size > 1]) > 1:
        raise state.refuse(operation, "its features are merged from several axes")
    layout = state.copy(operation, [layout])
    *outer, features = [factor for factor in layout.neurons if factor.size > 1]
    if not layout.axes[-1] or features not in layout.axes[-1]:
        raise state.refuse(operation, "its features are not neurons")
    own = state.group(f"{operation.layer}.rotary", "hub", 1)
    rank = len(outer) + 1
    state.block(
        operation,
        "rotary",
        (*(factor.size for factor in outer), primitive.size),
        ("unit",) * len(outer) + ("place",),
        own,
        (0,) * rank,
        layout.group,
        (*(factor.stride for factor in outer), features.stride),
        attributes=(("features", features.size),),
        target_start=layout.start,
    )
    state.step(layout.group, "rotary", **primitive.attributes())
    state.layouts[operation.output] = layout
