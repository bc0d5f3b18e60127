"""The parameter graph of resampling: a step of the group whose maps change their size."""

from __future__ import annotations

from graphgen.lower.parameter.layout import born, positions
from graphgen.lower.parameter.state import Lowering
from graphgen.lower.parameter.window import maps, space_record
from spec import Operation
from spec.primitives import Resample


def lower(state: Lowering, operation: Operation) -> None:
    """Lower resampling: the neurons stay, their positions become more or fewer."""
    primitive = operation.primitive
    if not isinstance(primitive, Resample):
        raise TypeError(f"expected a Resample, got {primitive}")
    layout = maps(state, operation, state.layout(operation.inputs[0]))
    layout = state.own(operation, layout)
    attributes = primitive.attributes()
    if not primitive.scale:
        del attributes["scale"]
    state.step(layout.group, "resample", **attributes, **dict(space_record(layout)))
    space = positions(state.shapes[operation.output][1:])
    state.layouts[operation.output] = born(
        (layout.axes[0], *space), layout.group, start=layout.start
    )
