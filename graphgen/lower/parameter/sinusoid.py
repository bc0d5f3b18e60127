"""The parameter graph of sinusoidal positions: edges that tell the features apart."""

from __future__ import annotations

from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Sinusoid


def lower(state: Lowering, operation: Operation) -> None:
    """Lower fixed waves: a node of their own, whose edges carry the place of each feature."""
    primitive = operation.primitive
    if not isinstance(primitive, Sinusoid):
        raise TypeError(f"expected a Sinusoid, got {primitive}")
    layout = state.own(operation, operation.inputs[0])
    features = [factor for factor in layout.axes[-1] if factor.group is not None]
    if not features:
        raise state.refuse(operation, "its features are not neurons")
    own = state.group(f"{operation.layer}.sinusoid", "hub", 1)
    state.block(
        operation,
        "sinusoid",
        tuple(factor.size for factor in features),
        ("place",) * len(features),
        own,
        (0,) * len(features),
        layout.group,
        tuple(factor.stride for factor in features),
        target_start=layout.start,
    )
    state.step(layout.group, "sinusoid", base=primitive.base)
    state.layouts[operation.output] = layout
