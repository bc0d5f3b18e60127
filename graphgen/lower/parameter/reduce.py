"""The parameter graph of pooling: a step of the group whose maps are pooled."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.layout import Axis, Digit, Layout, born, nested, ordered, positions
from graphgen.lower.parameter.state import Lowering, Row
from graphgen.lower.parameter.window import maps, space_record
from graphgen.template import Attributes
from spec import Operation
from spec.primitives import Reduce


def lower(state: Lowering, operation: Operation) -> None:
    """Lower pooling: the neurons stay, their positions become fewer."""
    primitive = operation.primitive
    if not isinstance(primitive, Reduce):
        raise TypeError(f"expected a Reduce, got {primitive}")
    layout = state.layout(operation.inputs[0])
    if primitive.axes:
        state.layouts[operation.output] = whole_axes(state, operation, primitive, layout)
        return
    layout = state.own(operation, maps(state, operation, layout))
    attributes = primitive.attributes()
    statistic = attributes.pop("statistic")
    del attributes["axes"], attributes["keepdim"]
    for name in ("overhang", "dilation", "divisor", "k"):
        if not attributes[name]:
            del attributes[name]
    state.step(layout.group, f"{statistic}_pool", **attributes, **dict(space_record(layout)))
    space = positions(state.shapes[operation.output][1:])
    state.layouts[operation.output] = born(
        (layout.axes[0], *space), layout.group, start=layout.start
    )


def whole_axes(state: Lowering, operation: Operation, primitive: Reduce, layout: Layout) -> Layout:
    """Lower a reduction of whole axes: of positions a step, of neurons edges to fewer nodes."""
    gone = [digit for axis in primitive.axes for digit in layout.axes[axis]]
    if any(digit.group is not None for digit in gone):
        if any(digit in layout.carried for digit in gone):
            layout = fronted(state, operation, layout, primitive.axes)
        gone = [digit for axis in primitive.axes for digit in layout.axes[axis]]
    neurons = [digit for digit in gone if digit.group is not None]
    # Of both together, which is told by how many there are, and no statistic of statistics.
    rank: Attributes = ()
    if primitive.statistic == "kthvalue":
        rank = (("k", primitive.k), ("items", prod(digit.size for digit in gone)))
    if neurons:
        layout = fewer_neurons(state, operation, primitive.statistic, layout, neurons, rank)
    lost = [digit for digit in gone if digit.group is None]
    if lost:
        layout = state.own(operation, layout)
        state.step(
            layout.group, primitive.statistic, count=prod(digit.size for digit in lost),
            over=ordered(lost), **dict(rank),
        )  # fmt: skip
        layout = layout.without(lost)
    axes: list[Axis] = []
    for place, axis in enumerate(layout.axes):
        if place not in primitive.axes:
            axes.append(axis)
        elif primitive.keepdim:
            axes.append(())
    return replace(layout, axes=tuple(axes))


def fewer_neurons(
    state: Lowering,
    operation: Operation,
    statistic: str,
    layout: Layout,
    gone: list[Digit],
    rank: Attributes,
) -> Layout:
    """Send the neurons along some digits to those that differ in the other digits only."""
    kept = [digit for digit in layout.own if digit not in gone]
    sizes = [digit.size for digit in kept]
    target = state.group(operation.output, "neuron", prod(sizes))
    goals = dict(zip(kept, nested(kept), strict=True))
    rows: list[Row] = [(d.size, "unit", d.stride, goals.get(d, 0)) for d in layout.own]
    ends = (layout.group, layout.start), (target, 0)
    state.connect(operation, statistic, rows, *ends, attributes=rank)
    axes = tuple(
        tuple(
            Digit(digit.size, target, goals[digit]) if digit in goals else digit
            for digit in axis
            if digit not in gone
        )
        for axis in layout.axes
    )
    return Layout(axes, target, space=layout.space)
