"""The parameter graph of chosen items: a step for positions, edges to a new group for neurons."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.layout import (
    Digit,
    Layout,
    axis_of,
    born,
    joined,
    renewed,
    row_major,
)
from graphgen.lower.parameter.spread import NEURONS, spread
from graphgen.lower.parameter.state import COPIES, Lowering, Row
from spec import Operation
from spec.primitives import Take
from spec.primitives.take import Run

MOST_COPIES = 64
"""The most copies of one item, beside other items, that get a block each."""


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a choice along one axis.

    Of positions it is a step, which says which; of neurons a run of the nodes of their group where
    they come in order, each once, else parameter-free edges to a group of its own; so that choices
    may be exchanged, all of an axis have one if any has. What copies of a single item are, beside
    neurons, is said where they are read; otherwise they are neurons.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Take):
        raise TypeError(f"expected a Take, got {primitive}")
    layout = state.layout(operation.inputs[0])
    place = primitive.axis
    if any(digit in layout.carried for digit in layout.axes[place]):
        layout = fronted(state, operation, layout, {place})
    axis = layout.axes[place]
    alone = not axis and not layout.neurons and layout.group not in state.tables
    if not axis and not primitive.is_filled and layout.neurons and layout.group not in state.tables:
        copies = Digit(primitive.count, COPIES, 0)
        state.layouts[operation.output] = layout.axis_at(place, (copies,))
        return
    if all(digit.group is None for digit in axis) and not alone:
        state.layouts[operation.output] = positions(state, operation, primitive, layout)
        return
    if len(axis) > 1:
        layout = spread(state, operation, layout, {place: NEURONS}, single={place})
    first, count, step = primitive.runs[0]
    if primitive.is_run and (operation.inputs[0], place) not in state.scattered:
        (digit,) = layout.axes[place]
        run = axis_of(count, digit.group, digit.stride * step)
        state.layouts[operation.output] = replace(
            layout.axis_at(place, run), start=layout.start + first * digit.stride, exclusive=False
        )
        return
    state.layouts[operation.output] = neurons(state, operation, primitive, layout)


def positions(state: Lowering, operation: Operation, primitive: Take, layout: Layout) -> Layout:
    """Take positions by a step; those of an axis of one come behind those of the axes before."""
    place = primitive.axis
    axis = layout.axes[place]
    layout = state.own(operation, layout)
    where = {} if axis else {"behind": layout.rows(range(place))}
    value = {"value": primitive.value} if primitive.is_filled else {}
    state.step(
        layout.group, "take", along=joined(axis), runs=primitive.runs, **value, **where,
        **dict(layout.record()),
    )  # fmt: skip
    taken = layout.axis_at(place, axis_of(primitive.count))
    return born(taken.axes, layout.group, start=layout.start)


def neurons(state: Lowering, operation: Operation, primitive: Take, layout: Layout) -> Layout:
    """Send each chosen neuron to a node of its own; a constant comes from a constant node."""
    place = primitive.axis
    before = layout.axes[place]
    axes = list(layout.axes)
    axes[place] = axis_of(primitive.count, layout.group)
    own = [(number, digit) for number, axis in enumerate(axes) for digit in axis
           if digit.group == layout.group]  # fmt: skip
    goals = row_major([digit.size for _, digit in own])
    target = state.group(operation.output, "neuron", prod(digit.size for _, digit in own))
    along = next((goal for (at, _), goal in zip(own, goals, strict=True) if at == place), 0)
    stride = before[0].stride if before else 0
    begin = 0
    for first, count, step in singly(primitive.runs):
        rows: list[Row] = []
        for (number, digit), goal in zip(own, goals, strict=True):
            if number != place:
                rows.append((digit.size, "unit", digit.stride if first >= 0 else 0, goal))
            elif count > 1:
                rows.append((count, "unit", stride * step, goal))
        end = (target, begin * along)
        begin += count
        if first >= 0:
            start = layout.start + first * stride
            state.connect(operation, "identity", rows, (layout.group, start), end)
        elif primitive.value:
            source = state.group(f"{operation.output}.constant", "constant", 1)
            state.connect(operation, "identity", rows, (source, 0), end, constant=primitive.value)
    return Layout(renewed(axes, target, {layout.group}), target, space=layout.space)


def singly(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Take copies of an item one by one, where others are taken too.

    A metanet sees how many edges of a block leave a node, which would tell copies in one run from
    those in another.
    """
    if len(runs) == 1:
        return runs
    return tuple(
        run
        for first, count, step in runs
        for run in (
            [(first, 1, 0)] * count
            if first >= 0 and not step and count <= MOST_COPIES
            else [(first, count, step)]
        )
    )
