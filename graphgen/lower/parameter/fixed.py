"""The parameter graph of a fixed value: a node for each item, told apart by its numbers."""

from __future__ import annotations

import hashlib
from itertools import groupby
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.fixed import fixed_numbers
from graphgen.lower.parameter.layout import Layout, axis_of, born, row_major
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Elementwise, Fixed, Recurrence

MOST_RUNS = 64
"""The most runs of equal items with edges of their own; the items of more are all told apart."""
SHORT = 16
"""The most numbers of an item that are written out."""


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a fixed value: where something reads it."""
    if not isinstance(operation.primitive, Fixed):
        raise TypeError(f"expected a Fixed, got {operation.primitive}")
    state.fixed[operation.output] = operation


def place_read(state: Lowering, operation: Operation) -> None:
    """Place the fixed values that an operation reads, for this operation alone."""
    for name in dict.fromkeys(operation.inputs):
        if name in state.fixed:
            state.layouts[name] = placed(state, name, beside_neurons(state, operation, name))


def beside_neurons(state: Lowering, operation: Operation, name: str) -> tuple[int, ...]:
    """Find the axes on which the other values, that it is combined with, have neurons."""
    if not isinstance(operation.primitive, (Elementwise, Recurrence)):
        return ()
    sizes = state.net.shapes[name]
    others = [state.layouts[n] for n in operation.inputs if n in state.layouts and n != name]
    return tuple(
        axis
        for axis, size in enumerate(sizes)
        if size > 1 and any(layout.axes[axis] and layout.neurons_only(axis) for layout in others)
    )


def placed(state: Lowering, name: str, axes: tuple[int, ...] = ()) -> Layout:
    """Give a fixed value a group: a node for each item of some axes, or one for all positions.

    Items of equal numbers have alike edges, so that they may be exchanged.
    """
    operation = state.fixed[name]
    primitive = operation.primitive
    if not isinstance(primitive, Fixed):
        raise TypeError(f"expected a Fixed, got {primitive}")
    sizes = [primitive.sizes[axis] for axis in axes]
    count = prod(sizes)
    target = state.group(f"{name}.fixed", "neuron", count)
    told = tuple(size for place, size in enumerate(primitive.sizes) if place not in axes)
    strides = dict(zip(axes, row_major(sizes), strict=True))
    lie = [
        axis_of(size, target, strides[place]) if place in axes else axis_of(size)
        for place, size in enumerate(primitive.sizes)
    ]
    whole = (("formula", primitive.formula), ("numbers", primitive.numbers))
    if not axes:
        state.step(target, "fixed", sizes=told, **dict(whole))
        return born(lie, target, exclusive=False)
    numbers = np.moveaxis(fixed_numbers(primitive), axes, range(len(axes)))
    items = numbers.reshape(count, -1) + 0.0
    runs = [list(run) for _, run in groupby(range(count), key=lambda i: items[i].tobytes())]
    own = state.group(f"{name}.numbers", "constant", 1)
    if len(runs) > MOST_RUNS:
        state.connect(operation, "fixed", [(count, "place", 0, 1)], (own, 0), (target, 0))
        along = {"axis": axes[0]} if len(axes) == 1 else {"axes": axes}
        state.step(target, "fixed", sizes=told, **along, **dict(whole))
    else:
        for run in runs:
            state.connect(
                operation, "fixed", [(len(run), "unit", 0, 1)], (own, 0), (target, run[0]),
                attributes=(("numbers", told_by(items[run[0]])),),
            )  # fmt: skip
        state.step(target, "fixed", sizes=told)
    return born(lie, target, exclusive=False)


def told_by(numbers: NDArray[np.float64]) -> tuple[float | str, ...]:
    """Give numbers as they are if they are few, else what tells them apart."""
    if len(numbers) > SHORT:
        return (hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest(),)
    return tuple(x if np.isfinite(x) else str(x) for x in numbers.tolist())
