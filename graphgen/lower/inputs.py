"""How a network's inputs lie on nodes: one axis holds neurons, the others positions."""

from __future__ import annotations

from graphgen.lower.state import Factor, Layout, Lowering
from spec.primitives import Reshape


def input_layout(state: Lowering, name: str) -> Layout:
    """Make an input's group of nodes, one for each channel or feature."""
    shape = state.net.shapes[name]
    neurons = neuron_axis(state, name)
    size = shape[neurons] if shape else 1
    group = state.group(name, "input", size)
    state.step(group, "input", shape=shape, index=list(state.net.inputs).index(name))
    axes = tuple(
        (Factor(size, group),) if axis == neurons else (Factor(size),)
        for axis, size in enumerate(shape)
    )
    return Layout(axes, group, exclusive=True)


def neuron_axis(state: Lowering, name: str) -> int:
    """Find the axis that the first operation with a preference reads channels from.

    Convolutions and norms of channels read axis 0, matrix products the last, layer norms any;
    flattening comes to the first of what it merges; an input that nothing has a preference for
    begins with channels.
    """
    rank = len(state.net.shapes[name])
    current = {name}
    for operation in state.net.operations:
        if current.isdisjoint(operation.inputs):
            continue
        if isinstance(operation.primitive, Reshape):
            return 0
        axis = operation.primitive.channel_axis(rank)
        if axis is not None:
            return axis
        current.add(operation.output)
    return 0
