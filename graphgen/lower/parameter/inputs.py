"""How a network's inputs lie on nodes: one axis holds neurons, the others positions."""

from __future__ import annotations

from graphgen.lower.parameter.state import Factor, Layout, Lowering
from spec.primitives import Learned, Lookup, Reshape, Slice, Transpose


def input_layout(state: Lowering, name: str) -> Layout:
    """Make an input's group of nodes: one for each channel, feature, or entry of its table."""
    shape = state.net.shapes[name]
    entries = table_entries(state, name)
    if entries:
        group = state.group(name, "input", entries)
        index = list(state.net.inputs).index(name)
        state.step(group, "input", shape=shape, index=index, entries=entries)
        return Layout(tuple((Factor(size),) for size in shape), group, exclusive=True)
    neurons = neuron_axis(state, name)
    size = shape[neurons] if shape else 1
    group = state.group(name, "input", size)
    state.step(group, "input", shape=shape, index=list(state.net.inputs).index(name))
    axes = tuple(
        (Factor(size, group),) if axis == neurons else (Factor(size),)
        for axis, size in enumerate(shape)
    )
    return Layout(axes, group, exclusive=True)


def table_entries(state: Lowering, name: str) -> int:
    """Count the entries of the table that an input holds the indices of; 0 if of none."""
    for operation in state.net.operations:
        primitive = operation.primitive
        if name in operation.inputs and isinstance(primitive, Lookup) and primitive.kind == "table":
            return state.net.tensors[operation.parameters[0]].shape[0]
    return 0


def neuron_axis(state: Lowering, name: str) -> int:
    """Find the axis that the first operation with a preference reads channels from.

    Convolutions and norms of channels read axis 0, matrix products the last, layer norms any;
    flattening comes to the first of what it merges; an input that nothing has a preference for
    begins with channels.
    """
    rank = len(state.net.shapes[name])
    current = {name: list(range(rank))}
    # A learned value has its neurons on the last axis, and what it is put beside has too.
    learned: set[str] = set()
    for operation in state.net.operations:
        kind = operation.primitive
        cut = isinstance(kind, Slice) and operation.inputs[0] in learned
        if isinstance(kind, Learned) or cut:
            learned.add(operation.output)
    for operation in state.net.operations:
        found = [value for value in operation.inputs if value in current]
        if not found:
            continue
        axes = current[found[0]]
        if isinstance(operation.primitive, Learned):
            continue
        if isinstance(operation.primitive, Reshape):
            return 0
        if any(value in learned for value in operation.inputs):
            return axes[-1]
        axis = operation.primitive.channel_axis(len(axes))
        if axis is not None:
            return axes[axis]
        if isinstance(operation.primitive, Transpose):
            axes = [axes[axis] for axis in operation.primitive.order]
        if len(state.net.shapes[operation.output]) == len(axes):
            current[operation.output] = axes
    return 0
