"""The parameter graph of a slice: fewer nodes of the same group, or a step for positions."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.layout import axis_of, born, joined
from graphgen.lower.parameter.spread import NEURONS, spread
from graphgen.lower.parameter.state import Lowering
from graphgen.lower.parameter.take import neurons
from spec import Operation
from spec.primitives import Slice, Take


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a slice along one axis.

    Of neurons it is a run of the nodes of their group; of positions a step. Where it cuts through
    the positions of neurons, or the neurons of positions, all along the axis become neurons.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Slice):
        raise TypeError(f"expected a Slice, got {primitive}")
    layout = state.layout(operation.inputs[0])
    place, first = primitive.axis, primitive.start
    count = primitive.stop - first
    if layout.shape[place] in (count, 1):
        state.layouts[operation.output] = layout
        return
    if any(digit in layout.carried for digit in layout.axes[place]):
        layout = fronted(state, operation, layout, {place})
    if all(digit.group is None for digit in layout.axes[place]):
        layout = state.own(operation, layout)
        state.step(
            layout.group, "slice", along=joined(layout.axes[place]), start=first,
            stop=primitive.stop, **dict(layout.record()),
        )  # fmt: skip
        state.layouts[operation.output] = born(
            layout.axis_at(place, axis_of(count)).axes, layout.group, start=layout.start
        )
        return
    outer, *inside = layout.axes[place]
    inner = layout.shape[place] // outer.size
    if outer.group is None or first % inner or count % inner:
        layout = spread(state, operation, layout, {place: NEURONS}, single={place})
        (outer,), inside, inner = layout.axes[place], [], 1
    if inner == 1 and not inside and (operation.inputs[0], place) in state.scattered:
        chosen = Take(place, ((first, count, 1),))
        state.layouts[operation.output] = neurons(state, operation, chosen, layout)
        return
    run = axis_of(count // inner, outer.group, outer.stride)
    sliced = layout.axis_at(place, (*run, *inside))
    state.layouts[operation.output] = replace(
        sliced, start=layout.start + first // inner * outer.stride, exclusive=False
    )
