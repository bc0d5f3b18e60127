"""The parameter graph of resampling: a step of the group whose maps change their size."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.parameter.state import Factor, Lowering
from spec import Operation
from spec.primitives import Resample


def lower(state: Lowering, operation: Operation) -> None:
    """Lower resampling: the neurons stay, their positions become more or fewer."""
    primitive = operation.primitive
    if not isinstance(primitive, Resample):
        raise TypeError(f"expected a Resample, got {primitive}")
    layout = state.own(operation, operation.inputs[0])
    if any(factor.group is not None for axis in layout.axes[1:] for factor in axis):
        raise state.refuse(operation, "it resamples an axis of neurons")
    state.step(layout.group, "resample", **primitive.attributes())
    after = state.net.shapes[operation.output][1:]
    axes = (layout.axes[0], *((Factor(size),) for size in after))
    state.layouts[operation.output] = replace(layout, axes=axes)
