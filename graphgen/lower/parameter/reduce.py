"""The parameter graph of pooling: a step of the group whose maps are pooled."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.state import Axis, Factor, Layout, Lowering, row_major
from spec import Operation
from spec.primitives import Reduce


def lower(state: Lowering, operation: Operation) -> None:
    """Lower pooling: the neurons stay, their positions become fewer."""
    primitive = operation.primitive
    if not isinstance(primitive, Reduce):
        raise TypeError(f"expected a Reduce, got {primitive}")
    if primitive.axes:
        state.layouts[operation.output] = whole_axes(state, operation, primitive)
        return
    layout = state.own(operation, operation.inputs[0])
    if any(factor.group is not None for axis in layout.axes[1:] for factor in axis):
        raise state.refuse(operation, "it pools over an axis of neurons")
    attributes = primitive.attributes()
    statistic = attributes.pop("statistic")
    del attributes["axes"], attributes["keepdim"]
    state.step(layout.group, f"{statistic}_pool", **attributes)
    after = state.net.shapes[operation.output][1:]
    axes = (layout.axes[0], *((Factor(size),) for size in after))
    state.layouts[operation.output] = replace(layout, axes=axes)


def whole_axes(state: Lowering, operation: Operation, primitive: Reduce) -> Layout:
    """Lower a reduction of whole axes: of positions a step, of neurons edges to fewer nodes."""
    layout = state.own(operation, operation.inputs[0])
    gone = [layout.axes[axis] for axis in primitive.axes]
    sizes = [tuple(factor.size for factor in axis) for axis in gone]
    if any(factor.group is not None for axis in gone for factor in axis):
        layout = fewer_neurons(state, operation, primitive, layout)
    state.step(layout.group, primitive.statistic, axes=primitive.axes, sizes=tuple(sizes))
    axes: list[Axis] = []
    for place, axis in enumerate(layout.axes):
        if place not in primitive.axes:
            axes.append(axis)
        elif primitive.keepdim:
            axes.append((Factor(1),))
    return replace(layout, axes=tuple(axes))


def fewer_neurons(
    state: Lowering, operation: Operation, primitive: Reduce, layout: Layout
) -> Layout:
    """Send the neurons of the reduced axes to those that differ in the other axes only."""
    kept = [
        f.size
        for place, axis in enumerate(layout.axes)
        for f in axis
        if f.group is not None and place not in primitive.axes
    ]
    strides = row_major(kept)
    target = state.group(operation.output, "neuron", prod(kept))
    follow = iter(strides)
    axes: list[Axis] = []
    ends: list[int] = []
    for place, axis in enumerate(layout.axes):
        now = []
        for factor in axis:
            if factor.group is None:
                now.append(factor)
            elif place in primitive.axes:
                ends.append(0)
            else:
                ends.append(next(follow))
                now.append(Factor(factor.size, target, ends[-1]))
        axes.append(tuple(now))
    neurons = layout.neurons
    state.block(
        operation,
        primitive.statistic,
        tuple(factor.size for factor in neurons),
        ("unit",) * len(neurons),
        layout.group,
        tuple(factor.stride for factor in neurons),
        target,
        tuple(ends),
        source_start=layout.start,
    )
    return Layout(tuple(axes), target, exclusive=True)
