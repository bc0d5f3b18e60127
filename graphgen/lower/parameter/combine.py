"""Values that are combined item by item, into one group of neurons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import prod

from graphgen.lower.parameter.ahead import next_uses
from graphgen.lower.parameter.layout import (
    Axis,
    Layout,
    born,
    cut_at_all,
    inner_ends,
    nested,
    renewed,
)
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, settled, spread
from graphgen.lower.parameter.state import Lowering, Row
from graphgen.template import Attributes
from spec import Operation


def agreed(
    state: Lowering, operation: Operation, layouts: Sequence[Layout], besides: Collection[int] = ()
) -> list[Layout]:
    """Let the neurons of values lie on the same digits of each axis, but for axes `besides`.

    Where one has neurons and another positions, the positions become neurons.
    """
    result = together(state, operation, layouts)
    want: dict[int, str] = {}
    for axis in range(len(result[0].axes)):
        full = [layout.axes[axis] for layout in result if layout.axes[axis]]
        if axis in besides or all(digit.group is None for own in full for digit in own):
            continue
        ends = {end for own in full for end in inner_ends(own)}
        cuts = [cut_at_all(layout.axes[axis], ends) for layout in result if layout.axes[axis]]
        if len({kinds(own) for own in cuts}) == 1 and None not in cuts:
            result = [
                layout.axis_at(axis, cut_at_all(layout.axes[axis], ends) or ())
                if layout.axes[axis]
                else layout
                for layout in result
            ]
        else:
            want[axis] = NEURONS
    if not want:
        return result
    return [
        spread(
            state,
            operation,
            layout,
            {axis: kind for axis, kind in want.items() if layout.axes[axis]},
            single=want,
        )
        for layout in result
    ]


def kinds(axis: Axis | None) -> tuple[tuple[int, bool], ...]:
    """Say of each digit how large it is, and whether it holds positions."""
    return tuple((digit.size, digit.group is None) for digit in axis or ())


def together(state: Lowering, operation: Operation, layouts: Sequence[Layout]) -> list[Layout]:
    """Let each value lie on one group, unless all carry the same neurons along.

    What lies on one group already says which axes are neurons in the others too.
    """
    carried = [
        [[d for d in axis if d.group not in (None, layout.group)] for axis in layout.axes]
        for layout in layouts
    ]
    if all(digits == carried[0] for digits in carried):
        return list(layouts)
    frame = next((layout for layout in layouts if not layout.carried), None)
    if frame is None:
        return [settled(state, operation, layout) for layout in layouts]
    want = {
        axis: POSITIONS if digits[0].group is None else NEURONS
        for axis, digits in enumerate(frame.axes)
        if digits and len({digit.group is None for digit in digits}) == 1
    }
    return [
        spread(state, operation, layout, want) if layout.carried else layout for layout in layouts
    ]


def gathered(
    state: Lowering,
    operation: Operation,
    layouts: Sequence[Layout],
    kind: str = "identity",
    into: Layout | None = None,
) -> Layout:
    """Send values that agree into one group, item by item; one item along an axis is repeated.

    With `into` the edges go into that value's group instead of a new one.
    """
    frame = into or common_frame(layouts)
    axes, owners = owned([frame, *layouts] if frame else layouts)
    if into is None:
        result, goals = laid(state, operation, layouts, frame)
    else:
        result, goals = replace(into, axes=tuple(axes)), tuple(d.stride for d in into.own)
    for number, layout in enumerate(layouts):
        if layout is into:
            continue
        follow = iter(goals)
        rows: list[Row] = []
        for axis, own in zip(axes, layout.axes, strict=True):
            neurons = iter([digit for digit in own if digit.group in owners])
            for digit in axis:
                if digit.group in owners:
                    step = next(neurons).stride if own else 0
                    rows.append((digit.size, "unit", step, next(follow)))
        state.connect(
            operation, kind, rows, (layout.group, layout.start), (result.group, result.start),
            attributes=(
                *correspondence(layout, result),
                *((("operand", number),) if kind == "choice" else ()),
            ),
        )  # fmt: skip
    return result.simplified()


def laid(
    state: Lowering, operation: Operation, layouts: Sequence[Layout], frame: Layout | None
) -> tuple[Layout, tuple[int, ...]]:
    """Make the group of a result: its layout, and how far apart nodes are along each digit.

    Positions are numbered as those of the frame. Without one they come, as the nodes of several
    groups do, in the order of what is done to their axes next, and of the values that have them,
    however they lie.
    """
    axes, owners = owned([frame, *layouts] if frame else layouts)
    digits = [[digit for digit in axis if digit.group in owners] for axis in axes]
    target = state.group(operation.output, "neuron", prod(d.size for own in digits for d in own))
    following = next_uses(state, operation.output)
    order = sorted(
        range(len(axes)),
        key=lambda axis: (
            following[axis],
            [number for number, layout in enumerate(layouts) if layout.axes[axis]],
            [-digit.stride for digit in axes[axis]],
        ),
    )
    strides = iter(nested([digit for axis in order for digit in digits[axis]]))
    by_axis = {axis: [next(strides) for _ in digits[axis]] for axis in order}
    goals = tuple(stride for axis in range(len(axes)) for stride in by_axis[axis])
    placed = renewed(axes, target, owners, goals)
    if frame is not None:
        return Layout(placed, target, space=frame.space), goals
    result = born([placed[axis] for axis in order], target)
    back = [order.index(axis) for axis in range(len(axes))]
    return replace(result, axes=tuple(result.axes[place] for place in back)), goals


def owned(layouts: Sequence[Layout]) -> tuple[list[Axis], set[int | None]]:
    """Give for each axis the digits of the first value that has any, and the computing groups."""
    axes = [
        next((layout.axes[place] for layout in layouts if layout.axes[place]), ())
        for place in range(len(layouts[0].axes))
    ]
    return axes, {layout.group for layout in layouts}


def common_frame(layouts: Sequence[Layout]) -> Layout | None:
    """Give a value whose positions the result can have: all that have as many lie alike."""
    count = len(layouts[0].axes)
    most = tuple(place for place in range(count) if any(layout.rows([place]) for layout in layouts))
    full = [layout for layout in layouts if all(layout.rows([place]) for place in most)]
    if not full or len({(lay.rows(), prod(lay.space)) for lay in full}) > 1:
        return None
    return max(full, key=lambda layout: len(layout.space))


def correspondence(layout: Layout, result: Layout) -> Attributes:
    """Say which positions of a value come to which of the result, unless each to its own."""
    places = [place for place in range(len(layout.axes)) if layout.rows([place])]
    here, there = layout.rows(places), result.rows(places)
    whole = there == result.rows()
    if not here or (whole and here == there):
        return ()
    if whole and there == result.birth:
        return (("positions", here),)
    return ("positions", here), ("onto", there)
