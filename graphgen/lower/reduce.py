"""The parameter graph of pooling: a step of the group whose maps are pooled."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.state import Factor, Lowering
from spec import Operation
from spec.primitives import Reduce


def lower(state: Lowering, operation: Operation) -> None:
    """Lower pooling: the neurons stay, their positions become fewer."""
    primitive = operation.primitive
    if not isinstance(primitive, Reduce):
        raise TypeError(f"expected a Reduce, got {primitive}")
    layout = state.own(operation, operation.inputs[0])
    if any(factor.group is not None for axis in layout.axes[1:] for factor in axis):
        raise state.refuse(operation, "it pools over an axis of neurons")
    attributes = primitive.attributes()
    statistic = attributes.pop("statistic")
    state.step(layout.group, f"{statistic}_pool", **attributes)
    after = state.net.shapes[operation.output][1:]
    axes = (layout.axes[0], *((Factor(size),) for size in after))
    state.layouts[operation.output] = replace(layout, axes=axes)
