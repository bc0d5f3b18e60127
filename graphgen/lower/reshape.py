"""The parameter graph of a reshape: nothing; only the factors of the axes are regrouped."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.state import Lowering
from spec import Operation
from spec.primitives import Reshape


def lower(state: Lowering, operation: Operation) -> None:
    """Merge axes: the merged axis keeps the factors of its parts, in order; single positions go."""
    primitive = operation.primitive
    if not isinstance(primitive, Reshape):
        raise TypeError(f"expected a Reshape, got {primitive}")
    layout = state.layout(operation.inputs[0])
    start, end = primitive.start, primitive.end + 1
    merged = tuple(factor for axis in layout.axes[start:end] for factor in axis)
    lasting = tuple(factor for factor in merged if factor.group is not None or factor.size > 1)
    axes = (*layout.axes[:start], lasting or merged[:1], *layout.axes[end:])
    state.layouts[operation.output] = replace(layout, axes=axes)
