"""The parameter graph of a concatenation: a group that takes the values side by side."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.combine import agreed, common_frame, correspondence, owned
from graphgen.lower.parameter.layout import (
    Axis,
    Digit,
    Layout,
    axis_of,
    born,
    joined,
    renewed,
    row_major,
)
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Concat

MOST_NEURONS = 2**14
"""The most nodes that positions beside neurons are spread over."""


def lower(state: Lowering, operation: Operation) -> None:
    """Lower values side by side: along neurons in a run of nodes each, along positions by a step.

    Parameter-free edges lead from each neuron to its fellow. Single items side by side are neurons:
    alike ones may be exchanged.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Concat):
        raise TypeError(f"expected a Concat, got {primitive}")
    layouts = [state.layout(name) for name in operation.inputs]
    place = primitive.axis
    if costly(layouts, place):
        layouts = [spread(state, operation, lay, {place: POSITIONS}) for lay in layouts]
    if any(digit in layout.carried for layout in layouts for digit in layout.axes[place]):
        layouts = [fronted(state, operation, layout, {place}) for layout in layouts]
    along = [digit for layout in layouts for digit in layout.axes[place]]
    neurons = not along or any(digit.group is not None for digit in along)
    lay = along_neurons if neurons else along_positions
    state.layouts[operation.output] = lay(state, operation, layouts, place)


def costly(layouts: Sequence[Layout], place: int) -> bool:
    """Say whether neurons beside positions would need too many nodes, so that they are positions.

    Their permutations are lost then: learned tokens beside many others.
    """
    kinds = {digit.group is None for layout in layouts for digit in layout.axes[place]}
    others = max(
        prod(d.size for d in layout.neurons if d not in layout.axes[place]) for layout in layouts
    )
    return len(kinds) > 1 and others * sum(lay.shape[place] for lay in layouts) > MOST_NEURONS


def along_positions(
    state: Lowering, operation: Operation, layouts: Sequence[Layout], place: int
) -> Layout:
    """Put the positions of each value behind those of the one before."""
    layouts = agreed(state, operation, layouts, besides={place})
    axes, owners = owned(layouts)
    sizes = [digit.size for digit in state.nodes(layouts[0])]
    target = state.group(operation.output, "neuron", prod(sizes))
    if owners <= state.tables:
        state.tables.add(target)
    for number, layout in enumerate(layouts):
        rows: list[Row] = [
            (digit.size, "unit", digit.stride, goal)
            for digit, goal in zip(state.nodes(layout), row_major(sizes), strict=True)
        ]
        state.connect(
            operation, "identity", rows, (layout.group, layout.start), (target, 0),
            attributes=(("operand", number), *layout.record()),
        )  # fmt: skip
    counts = tuple(layout.shape[place] for layout in layouts)
    axes[place] = axis_of(sum(counts))
    result = born(renewed(axes, target, owners), target)
    state.step(target, "concat", along=joined(result.axes[place]), sizes=counts)
    return result


def along_neurons(
    state: Lowering, operation: Operation, layouts: Sequence[Layout], place: int
) -> Layout:
    """Put the neurons of each value into a run of nodes behind that of the one before.

    The positions that all values have behind their neurons on this axis stay positions.
    """
    tails = {tuple(d.size for d in tail(layout.axes[place])) for layout in layouts}
    if len(tails) > 1 or any(mixed(layout.axes[place]) for layout in layouts):
        layouts = [
            spread(state, operation, layout, {place: NEURONS}, single={place}) for layout in layouts
        ]
    layouts = agreed(state, operation, layouts, besides={place})
    frame = common_frame(layouts)
    axes, owners = owned([frame, *layouts] if frame else layouts)
    counts = [prod(d.size for d in lay.axes[place] if d.group in owners) for lay in layouts]
    behind = tail(axes[place])
    axes[place] = (*axis_of(sum(counts), layouts[0].group), *behind)
    digits = [digit for axis in axes for digit in axis if digit.group in owners]
    target = state.group(operation.output, "neuron", prod(digit.size for digit in digits))
    placed = renewed(axes, target, owners)
    result = Layout(placed, target, space=frame.space) if frame else born(placed, target)
    goals = iter(row_major([digit.size for digit in digits]))
    strides = [[next(goals) for digit in axis if digit.group in owners] for axis in axes]
    (step,) = strides[place] or [1]
    start = 0
    for layout, count in zip(layouts, counts, strict=True):
        rows: list[Row] = []
        for number, axis in enumerate(layout.axes):
            own = [digit for digit in axis if digit.group in owners]
            if number == place:
                ends = [step * end for end in row_major([digit.size for digit in own])]
            else:
                ends = strides[number]
            rows += [(d.size, "unit", d.stride, end) for d, end in zip(own, ends, strict=True)]
        state.connect(
            operation, "identity", rows, (layout.group, layout.start), (target, start * step),
            attributes=correspondence(layout, result),
        )  # fmt: skip
        start += count
    return result.simplified()


def tail(axis: Axis) -> tuple[Digit, ...]:
    """Give the positions at the end of an axis."""
    count = len(axis)
    while count and axis[count - 1].group is None:
        count -= 1
    return axis[count:]


def mixed(axis: Axis) -> bool:
    """Say whether positions come before neurons, or without any."""
    before = axis[: len(axis) - len(tail(axis))]
    return bool(axis) and (not before or any(digit.group is None for digit in before))
