"""The parameter graph of a fixed value: a node for each item, told apart by its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.fixed import fixed_numbers
from graphgen.lower.parameter.inputs import neuron_axis
from graphgen.lower.parameter.layout import Axis, Layout, axis_of, born, row_major
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Concat, Contract, Elementwise, Fixed, Recurrence, Scan

MOST_RUNS = 64
"""The most rows of equal items with edges of their own; the items of more are all told apart."""
MOST_NODES = 2**14
"""The most nodes of one that meets neurons; a larger one has all items told apart."""
NOWHERE: Mapping[int, Axis] = MappingProxyType({})
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
            state.layouts[name] = placed(state, name, beside(state, operation, name))


def beside(state: Lowering, operation: Operation, name: str) -> dict[int, Axis]:
    """Find the axes on which the other values, that it is combined with, have neurons.

    What weights read alone, and what a recurrence begins with, has neurons where these do; beside
    learned values it has them where the first operation behind reads channels.
    """
    primitive, sizes = operation.primitive, state.shapes[name]
    others = [n for n in operation.inputs if n in state.layouts and n not in state.fixed]
    if operation.parameters and not others:
        return alone(sizes, primitive.channel_axis(len(sizes)))
    if isinstance(primitive, Scan) and name in operation.inputs[1:]:
        return alone(sizes, len(sizes) - 1)
    if isinstance(primitive, (Concat, Elementwise, Recurrence)) and not others:
        return alone(sizes, neuron_axis(state, name))
    if isinstance(primitive, (Concat, Elementwise, Recurrence)):
        alike = [n for n in others if len(state.layouts[n].axes) == len(sizes)]
        meeting = [(axis, n, axis) for axis in range(len(sizes)) for n in alike]
    elif isinstance(primitive, Contract) and primitive.values > 1:
        letters = dict(zip(operation.inputs, primitive.operands, strict=False))
        meeting = [
            (axis, n, letters[n].index(letter))
            for axis, letter in enumerate(letters[name])
            for n in others
            if letter in letters[n]
        ]
    else:
        meeting = []
    found: dict[int, Axis] = {}
    along = primitive.axis if isinstance(primitive, Concat) else None
    for axis, other, place in meeting:
        digits = state.layouts[other].axes[place]
        if prod(d.size for d in digits) == sizes[axis] and any(d.group is not None for d in digits):
            found.setdefault(axis, digits)
        elif along == axis and digits and all(d.group is not None for d in digits):
            found.setdefault(axis, axis_of(sizes[axis], 0))
    count = prod(d.size for axis in found.values() for d in axis if d.group is not None)
    return found if count <= MOST_NODES else {}


def alone(sizes: Sequence[int], axis: int | None) -> dict[int, Axis]:
    """Let one axis hold neurons, if there is one of several items."""
    return {} if axis is None or sizes[axis] == 1 else {axis: axis_of(sizes[axis], 0)}


def placed(state: Lowering, name: str, found: Mapping[int, Axis] = NOWHERE) -> Layout:
    """Give a fixed value a group: a node for each item of neurons, or one for all positions.

    Items of equal numbers have alike edges, so that they may be exchanged.
    """
    operation = state.fixed[name]
    primitive = operation.primitive
    if not isinstance(primitive, Fixed):
        raise TypeError(f"expected a Fixed, got {primitive}")
    lie = [
        runs(found[place]) if place in found else [(size, False)]
        for place, size in enumerate(primitive.sizes)
    ]
    digits = [digit for axis in lie for digit in axis]
    sizes = [size for size, neurons in digits if neurons]
    count = prod(sizes)
    target = state.group(f"{name}.fixed", "neuron", count)
    told = tuple(size for size, neurons in digits if not neurons)
    strides = iter(row_major(sizes))
    axes = [
        tuple(
            digit
            for size, neurons in axis
            for digit in axis_of(size, target if neurons else None, next(strides) if neurons else 1)
        )
        for axis in lie
    ]
    whole = (("formula", primitive.formula), ("numbers", primitive.numbers))
    if not sizes:
        state.step(target, "fixed", sizes=told, **dict(whole))
        return born(axes, target, exclusive=False)
    numbers = fixed_numbers(primitive).reshape([size for size, _ in digits])
    front = [place for place, (_, neurons) in enumerate(digits) if neurons]
    items = np.moveaxis(numbers, front, range(len(front))).reshape(count, -1) + 0.0
    alike = rows_of_equal(items)
    own = state.group(f"{name}.numbers", "constant", 1)
    if len(alike) > MOST_RUNS:
        state.connect(operation, "fixed", [(count, "place", 0, 1)], (own, 0), (target, 0))
        along = {"axis": front[0]} if len(front) == 1 else {"axes": tuple(front)}
        state.step(target, "fixed", sizes=told, **along, **dict(whole))
    else:
        for first, apart, times, length in alike:
            rows: list[Row] = [(times, "unit", 0, apart)] if times > 1 else []
            rows += [(length, "unit", 0, 1)] if length > 1 or not rows else []
            state.connect(
                operation, "fixed", rows, (own, 0), (target, first),
                attributes=(("numbers", told_by(items[first])),),
            )  # fmt: skip
        state.step(target, "fixed", sizes=told)
    return born(axes, target, exclusive=False)


def rows_of_equal(items: NDArray[np.float64]) -> list[tuple[int, int, int, int]]:
    """List runs of equal items, and as one those of one length that come at equal distances.

    Each is the first item, the distance, how often the run comes, and its length.
    """
    found: list[tuple[int, int, int, int]] = []
    latest: dict[tuple[bytes, int], int] = {}
    for key, run in groupby(range(len(items)), key=lambda i: items[i].tobytes()):
        start, *rest = run
        length = 1 + len(rest)
        place = latest.get((key, length))
        if place is not None:
            first, apart, times, _ = found[place]
            if times == 1 or start == first + apart * times:
                apart = apart if times > 1 else start - first
                found[place] = first, apart, times + 1, length
                continue
        latest[key, length] = len(found)
        found.append((start, 1, 1, length))
    return found


def runs(axis: Axis) -> list[tuple[int, bool]]:
    """List the sizes of an axis's digits and whether each holds neurons; positions are one."""
    found: list[tuple[int, bool]] = []
    for digit in axis:
        neurons = digit.group is not None
        if found and not neurons and not found[-1][1]:
            found[-1] = (found[-1][0] * digit.size, False)
        else:
            found.append((digit.size, neurons))
    return found


def told_by(numbers: NDArray[np.float64]) -> tuple[float | str, ...]:
    """Give numbers as they are if they are few, else what tells them apart."""
    if len(numbers) > SHORT:
        return (hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest(),)
    return tuple(x if np.isfinite(x) else str(x) for x in numbers.tolist())
