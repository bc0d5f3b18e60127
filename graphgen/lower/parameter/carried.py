"""Values that lie on the neurons of several groups: one group computes, the others come along."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

from graphgen.lower.parameter.layout import Digit, Layout, nested, row_major
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation


def fronted(state: Lowering, operation: Operation, layout: Layout, axes: Collection[int]) -> Layout:
    """Let the computing group hold the neurons of some axes, and no others.

    The other neurons stay neurons, which come along: they may still be permuted.
    """
    inside = [d for axis in sorted(axes) for d in layout.axes[axis] if d.group is not None]
    if set(inside) == set(layout.own):
        return layout
    sizes = [digit.size for digit in inside]
    goals = dict(zip(inside, nested(inside), strict=True))
    front = state.group(operation.output, "neuron", prod(sizes))
    moved = {digit: Digit(digit.size, front, goal) for digit, goal in goals.items()}
    groups = [layout.group, *(d.group for d in layout.carried if d.group is not None)]
    for group in dict.fromkeys(groups):
        start = layout.start if group == layout.group else 0
        own = [digit for digit in layout.neurons if digit.group == group]
        here = [digit for digit in own if digit in goals]
        rest = [digit for digit in own if digit not in goals]
        if here:
            kind = "hub" if rest or len(here) < len(inside) else "identity"
            rows: list[Row] = [
                (d.size, "unit", d.stride if d in here else 0, goals[d]) for d in inside
            ]
            rows += [(digit.size, "unit", digit.stride, 0) for digit in rest]
            state.connect(operation, kind, rows, (group, start), (front, 0))
        elif group == layout.group:
            hub = state.group(f"{operation.output}.hub", "hub", 1)
            spokes: list[Row] = [(digit.size, "unit", digit.stride, 0) for digit in own]
            state.connect(operation, "hub", spokes, (group, start), (hub, 0))
            ends: list[Row] = [(digit.size, "unit", 0, goal) for digit, goal in goals.items()]
            state.connect(operation, "hub", ends, (hub, 0), (front, 0))
        if rest and (here or start):
            moved |= apart(state, operation, (group, start), rest, here)
    placed = tuple(tuple(moved.get(digit, digit) for digit in axis) for axis in layout.axes)
    return Layout(placed, front, space=layout.space)


def apart(
    state: Lowering,
    operation: Operation,
    source: tuple[int, int],
    digits: list[Digit],
    others: list[Digit],
) -> dict[Digit, Digit]:
    """Give some digits of a group a group of their own; say where each comes to lie."""
    sizes = [digit.size for digit in digits]
    target = state.group(f"{operation.output}.along", "neuron", prod(sizes))
    goals = nested(digits)
    rows: list[Row] = [
        *((d.size, "unit", d.stride, goal) for d, goal in zip(digits, goals, strict=True)),
        *((d.size, "unit", d.stride, 0) for d in others),
    ]
    state.connect(operation, "hub" if others else "identity", rows, source, (target, 0))
    return {d: Digit(d.size, target, goal) for d, goal in zip(digits, goals, strict=True)}


def pivoted(state: Lowering, operation: Operation, layout: Layout, axes: Collection[int]) -> Layout:
    """Give the positions of some axes nodes of their own, told apart by their places.

    The neurons of the other axes come along.
    """
    if layout.start:
        layout = state.copy(operation, layout)
    moved = [digit for axis in axes for digit in layout.axes[axis]]
    moved.sort(key=lambda digit: -digit.stride)
    hub = state.group(f"{operation.output}.hub", "hub", 1)
    sizes = [digit.size for digit in moved]
    places = state.group(f"{operation.output}.positions", "neuron", prod(sizes))
    spokes: list[Row] = [(digit.size, "unit", digit.stride, 0) for digit in layout.own]
    state.connect(operation, "hub", spokes, (layout.group, 0), (hub, 0))
    goals = dict(zip(moved, row_major(sizes), strict=True))
    rows: list[Row] = [(digit.size, "place", 0, goal) for digit, goal in goals.items()]
    state.connect(
        operation, "place", rows or [(1, "place", 0, 0)], (hub, 0), (places, 0),
        attributes=layout.part(moved),
    )  # fmt: skip
    left = layout.without(moved)
    placed = tuple(
        tuple(Digit(d.size, places, goals[d]) for d in layout.axes[axis])
        if axis in axes
        else left.axes[axis]
        for axis in range(len(layout.axes))
    )
    return Layout(placed, places, exclusive=False, space=left.space)
