"""How a network's outputs lie on nodes: each on a group of its own, in an order that it says."""

from __future__ import annotations

from math import prod

from graphgen.lower.drafts import as_it_is
from graphgen.lower.parameter.layout import Layout, simplified
from graphgen.lower.parameter.spread import POSITIONS, spread
from graphgen.lower.parameter.state import Lowering

Place = tuple[str, int, int]


def deliver(state: Lowering, position: int, name: str) -> None:
    """Mark the group of an output; a copy of the value where it has no group for itself alone."""
    operation = as_it_is(name)
    layout = state.layout(name)
    if layout.carried:
        alone = {a: POSITIONS for a, axis in enumerate(layout.axes) if set(axis) <= set(layout.own)}
        layout = spread(state, operation, layout, alone)
    group = state.groups[layout.group]
    whole = prod(digit.size for digit in layout.own) == group.size and not layout.start
    if group.output >= 0 or not whole:
        layout = state.copy(operation, layout)
    state.step(layout.group, "output", axes=order(layout))
    state.groups[layout.group].output = position


def order(layout: Layout) -> tuple[tuple[Place, ...], ...]:
    """Say for each axis of a value which neurons and positions lie on it, in which order."""
    return tuple(
        tuple(
            ("position" if digit.group is None else "unit", digit.stride, digit.size)
            for digit in simplified(axis, ())
        )
        for axis in layout.axes
    )
