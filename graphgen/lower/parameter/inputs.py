"""How a network's inputs lie on nodes: mostly one axis holds neurons, the others positions.

Which, the description says by `axes`, or the first operation that has a preference.
"""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.layout import Axis, Layout, axis_of, born, positions, row_major
from graphgen.lower.parameter.reshape import regrouped
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.inputs import neuron_axes
from spec.primitives import Elementwise, Learned, Lookup, Reshape, Slice, Transpose


def input_layout(state: Lowering, name: str) -> Layout:
    """Make an input's group of nodes: one for each channel, feature, or entry of its table."""
    shape = state.shapes[name]
    index = list(state.net.inputs).index(name)
    entries = state.net.index_rows.get(name)
    if entries:
        group = state.group(name, "input", entries)
        state.tables.add(group)
        state.step(group, "input", shape=shape, index=index, entries=entries)
        return born(positions(shape), group)
    said = state.net.axes.get(name)
    neurons = found_axes(state, name) if said is None else neuron_axes(said)
    neurons = tuple(axis for axis in neurons if shape[axis] > 1)
    sizes = [shape[axis] for axis in neurons]
    group = state.group(name, "input", prod(sizes))
    along = neurons if len(neurons) > 1 else neurons[0] if neurons else None
    state.step(group, "input", shape=shape, index=index, axis=along)
    strides = dict(zip(neurons, row_major(sizes), strict=True))
    axes = [
        axis_of(n, group, strides[axis]) if axis in strides else axis_of(n)
        for axis, n in enumerate(shape)
    ]
    return born(axes, group)


def found_axes(state: Lowering, name: str) -> tuple[int, ...]:
    """Find the axis that holds the neurons of an input of which nothing is said."""
    found = neuron_axis(state, name)
    return () if found is None else (found,)


def neuron_axis(state: Lowering, name: str) -> int | None:
    """Find the axis that the first operation with a preference reads channels from.

    Convolutions and norms of channels read axis 0, matrix products the last, layer norms any;
    flattening comes to the first of what it merges; an input that nothing has a preference for
    begins with channels. None where the channels are an axis of one item. The first is the one with
    the fewest operations before it, and of several the one whose primitive has the first name.
    """
    shape = state.shapes[name]
    # Digits say which axis of the input they come from in place of a group.
    current: dict[str, tuple[Axis, ...]] = {
        name: tuple(axis_of(size, number) for number, size in enumerate(shape))
    }
    levels = {name: 0}
    wishes: list[tuple[int, str, int | None]] = []
    # A learned value has its neurons on the last axis, and what it is put beside has too.
    learned: set[str] = set()
    for operation in state.operations:
        kind = operation.primitive
        cut = isinstance(kind, Slice) and operation.inputs[0] in learned
        if isinstance(kind, Learned) or cut:
            learned.add(operation.output)
    for operation in state.operations:
        kind = operation.primitive
        found = [value for value in operation.inputs if value in current]
        if not found or isinstance(kind, Learned) or is_one_hot(operation):
            continue
        level = max(levels[value] for value in found)
        if isinstance(kind, Reshape):
            flat = tuple(digit for axis in current[found[0]] for digit in axis)
            regular = regrouped(flat, kind.target, ())
            if regular is None:
                wishes.append((level, kind.name, first_of(flat)))
                continue
            current[operation.output], levels[operation.output] = regular, level
            continue
        alike = [current[v] for v in found if len(current[v]) == len(current[found[0]])]
        axes = tuple(
            next((axis for axis in every if axis), ()) for every in zip(*alike, strict=True)
        )
        chosen = kind.channel_axis(len(axes))
        combined = isinstance(kind, Elementwise)
        if not combined and any(value in learned for value in operation.inputs):
            chosen = len(axes) - 1
        if chosen is not None:
            whole = prod(digit.size for digit in axes[chosen]) == prod(shape)
            wish = (0 if shape else None) if whole else first_of(axes[chosen])
            wishes.append((level, kind.name, wish))
            continue
        if isinstance(kind, Transpose):
            axes = tuple(axes[axis] for axis in kind.order)
        after = state.shapes[operation.output]
        if len(after) == len(axes):
            passing = combined or isinstance(kind, Transpose)
            levels[operation.output] = level + (not passing)
            current[operation.output] = tuple(
                resized(axis, size) for axis, size in zip(axes, after, strict=True)
            )
    if wishes:
        return min(wishes, key=lambda wish: (*wish[:2], -1 if wish[2] is None else wish[2]))[2]
    return 0 if shape else None


def is_one_hot(operation: Operation) -> bool:
    """Say whether an operation reads a value for its dtype only, beside indices."""
    return isinstance(operation.primitive, Lookup) and operation.primitive.kind == "one_hot"


def first_of(axis: Axis) -> int | None:
    """Give the input's axis that the first digit comes from; None if there is none."""
    return axis[0].group if axis else None


def resized(axis: Axis, size: int) -> Axis:
    """Let an axis have another size, as behind a concatenation or a slice."""
    if prod(digit.size for digit in axis) == size:
        return axis
    return axis_of(size, first_of(axis))
