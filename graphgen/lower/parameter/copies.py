"""Copies of a single item along an axis: neurons beside neurons, positions otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import prod

from graphgen.lower.parameter.layout import Axis, Layout, cut_at_all, simplified
from graphgen.lower.parameter.reshape import regular
from graphgen.lower.parameter.state import COPIES, Lowering
from graphgen.lower.parameter.take import positions
from spec import Operation
from spec.primitives import Concat, Contract, Elementwise, Reshape, Take, Transpose

Place = tuple[int, int]
"""An axis, and a digit of it."""


def place_read(state: Lowering, operation: Operation) -> None:
    """Say what the copies are that an operation reads, for this operation alone.

    Where they meet neurons they are neurons too, all on one node, as keys that several heads share;
    otherwise positions. While axes are only cut, joined and reordered it stays open.
    """
    for name in dict.fromkeys(operation.inputs):
        if name in state.copies:
            state.layouts[name] = placed(state, operation, name)


def keep(state: Lowering, operation: Operation) -> None:
    """Remember a result of which it is open what its copies are."""
    layout = state.layouts.get(operation.output)
    if layout is not None and places(layout):
        state.copies[operation.output] = layout, operation


def placed(state: Lowering, operation: Operation, name: str) -> Layout:
    """Give the layout of a value with copies as an operation reads it."""
    layout, _ = state.copies[name]
    if passes(operation, layout):
        return layout
    beside = others(state, operation, name)
    met = [
        number
        for number, (axis, place) in enumerate(places(layout))
        if meets_neurons(layout.axes[axis], place, beside[axis])
    ]
    left = settled(state, name, met)
    if not met:
        return left
    axes = tuple(
        tuple(replace(d, group=left.group) if d.group == COPIES else d for d in axis)
        for axis in left.axes
    )
    return replace(left, axes=axes, exclusive=False)


def places(layout: Layout) -> list[Place]:
    """List where a value has copies."""
    return [
        (number, place)
        for number, axis in enumerate(layout.axes)
        for place, digit in enumerate(axis)
        if digit.group == COPIES
    ]


def passes(operation: Operation, layout: Layout) -> bool:
    """Say whether an operation only cuts, joins, reorders or repeats axes."""
    primitive = operation.primitive
    if isinstance(primitive, Reshape):
        return regular(layout, primitive.target)[0] is not None
    if isinstance(primitive, Take):
        return not layout.axes[primitive.axis] and not primitive.is_filled
    return isinstance(primitive, Transpose)


def others(state: Lowering, operation: Operation, name: str) -> list[list[Axis]]:
    """List, for each axis of a value, the axes of the values that it is combined with."""
    primitive, inputs = operation.primitive, operation.inputs
    count = len(state.shapes[name])
    known = {
        other: state.copies[other][0] if other in state.copies else state.layouts[other]
        for other in inputs
        if other not in (name, *state.fixed) and (other in state.copies or other in state.layouts)
    }
    if inputs.count(name) > 1:
        return [[] for _ in range(count)]
    if isinstance(primitive, Elementwise | Concat):
        along = primitive.axis if isinstance(primitive, Concat) else None
        return [
            [layout.axes[axis] for layout in known.values() if axis != along]
            for axis in range(count)
        ]
    if isinstance(primitive, Contract) and not operation.parameters:
        letters = dict(zip(inputs, primitive.operands, strict=False))
        return [
            [
                layout.axes[letters[other].index(letter)]
                for other, layout in known.items()
                if letter in letters[other]
            ]
            for letter in letters[name]
        ]
    return [[] for _ in range(count)]


def meets_neurons(axis: Axis, place: int, beside: Sequence[Axis]) -> bool:
    """Say whether a digit lies beside neurons in every other axis, and in one at least."""
    low = prod(digit.size for digit in axis[place + 1 :])
    high = low * axis[place].size
    full = [other for other in beside if other]
    for other in full:
        cut, inner = cut_at_all(other, {low, high}), 1
        if cut is None:
            return False
        for digit in reversed(cut):
            if low <= inner < high and digit.group in (None, COPIES):
                return False
            inner *= digit.size
    return bool(full)


def settled(state: Lowering, name: str, open_: Collection[int] = ()) -> Layout:
    """Let copies be positions, but for some: a step of the computing group for each digit."""
    layout, operation = state.copies[name]
    if state.uses[name] > 1:
        layout = replace(layout, exclusive=False)
    left = 0
    for number in range(len(places(layout))):
        if number in open_:
            left += 1
            continue
        where, place = places(layout)[left]
        axis = layout.axes[where]
        take = Take(where + 1, ((0, axis[place].size, 0),))
        parts = axis[:place], (), axis[place + 1 :]
        apart = (*layout.axes[:where], *parts, *layout.axes[where + 1 :])
        layout = positions(state, operation, take, replace(layout, axes=apart))
        whole = tuple(digit for part in layout.axes[where : where + 3] for digit in part)
        axes = (*layout.axes[:where], simplified(whole, layout.space), *layout.axes[where + 3 :])
        layout = replace(layout, axes=axes)
    return layout
