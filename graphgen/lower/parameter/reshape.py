"""The parameter graph of a reshape: nothing; only the factors of the axes are regrouped."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.parameter.state import Axis, Factor, Lowering
from spec import Operation
from spec.primitives import Reshape


def lower(state: Lowering, operation: Operation) -> None:
    """Give each new axis the factors that lie in it, in order; single positions go."""
    primitive = operation.primitive
    if not isinstance(primitive, Reshape):
        raise TypeError(f"expected a Reshape, got {primitive}")
    layout = state.layout(operation.inputs[0])
    rest = [factor for axis in layout.axes for factor in axis]
    kept = [factor for factor in rest if factor.group is not None or factor.size > 1]
    axes: list[Axis] = []
    for size in primitive.target:
        axis: list[Factor] = []
        missing = size
        while kept and kept[0].size == 1:
            axis.append(kept.pop(0))
        while missing > 1:
            factor = kept.pop(0)
            if missing % factor.size == 0:
                axis.append(factor)
                missing //= factor.size
            elif factor.size % missing == 0:
                first, second = factor.cut(factor.size // missing)
                axis.append(first)
                kept.insert(0, second)
                missing = 1
            else:
                raise state.refuse(
                    operation, f"an axis of {factor.size} is cut where {missing} do not divide it"
                )
        axes.append(tuple(axis))
    if kept and axes:
        axes[-1] = (*axes[-1], *kept)
    state.layouts[operation.output] = replace(layout, axes=tuple(axes))
