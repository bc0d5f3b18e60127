"""The parameter graph of a normalisation: a step, and edges of its running statistics."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.along_axes import attach
from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.layout import Axis, Digit, Layout, cut_at, nested, ordered
from graphgen.lower.parameter.spread import NEURONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Normalise


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a normalisation; running means and variances have edges, as parameters do.

    The step says over which positions it normalises, and over how many neurons. Where these are
    some of the neurons, each set that is normalised together hangs on a hub.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Normalise):
        raise TypeError(f"expected a Normalise, got {primitive}")
    layout = state.layout(operation.inputs[0])
    axes = normed_axes(primitive, len(layout.axes))
    if any(digit in layout.carried for axis in axes for digit in layout.axes[axis]):
        layout = fronted(state, operation, layout, axes)
    layout = state.own(operation, layout)
    running = len(operation.parameters) > 1
    if running:
        mean, variance = operation.parameters[:2]
        attach(state, operation, layout, mean, 0, "mean")
        attach(state, operation, layout, variance, 0, "variance")
    over: list[Digit] = []
    if not running:
        layout, over = normed(state, operation, primitive, layout)
        hang(state, operation, layout, over)
    state.step(
        layout.group,
        "softmax" if primitive.statistics == "softmax" else f"{primitive.statistics}_norm",
        eps=primitive.eps,
        neurons=prod(digit.size for digit in over if digit.group is not None),
        over=ordered(digit for digit in over if digit.group is None),
    )
    state.layouts[operation.output] = layout.simplified()


def normed(
    state: Lowering, operation: Operation, primitive: Normalise, layout: Layout
) -> tuple[Layout, list[Digit]]:
    """List the digits over which a value is normalised by statistics of its own."""
    inside: list[Axis] = [layout.axes[axis] for axis in normed_axes(primitive, len(layout.axes))]
    if primitive.statistics not in ("layer", "rms", "softmax"):
        groups = layout.shape[0] if primitive.statistics == "instance" else primitive.size
        runs = cut_at(layout.axes[0], layout.shape[0] // groups)
        if runs is None:
            layout = spread(state, operation, layout, {0: NEURONS}, single={0})
            runs = cut_at(layout.axes[0], layout.shape[0] // groups)
        outer, inner = runs or ((), ())
        layout = layout.axis_at(0, (*outer, *inner))
        inside = [inner, *layout.axes[1:]]
    return layout, [digit for axis in inside for digit in axis]


def normed_axes(primitive: Normalise, rank: int) -> range:
    """List the axes that statistics are taken over, or lie along."""
    last = primitive.statistics in ("layer", "rms", "softmax")
    alone = primitive.statistics == "batch"
    return range(rank - primitive.size, rank) if last else range(1 if alone else rank)


def hang(state: Lowering, operation: Operation, layout: Layout, over: list[Digit]) -> None:
    """Hang the neurons that are normalised together on a hub for each set of them.

    Nothing is needed where each neuron is normalised by itself, or all are together.
    """
    apart = [digit for digit in layout.own if digit not in over]
    within = [digit for digit in layout.own if digit in over]
    if not apart or not within:
        return
    sizes = [digit.size for digit in apart]
    hub = state.group(f"{operation.output}.hub", "hub", prod(sizes))
    ends = nested(apart)
    rows: list[Row] = [
        *((d.size, "unit", end, d.stride) for d, end in zip(apart, ends, strict=True)),
        *((d.size, "unit", 0, d.stride) for d in within),
    ]
    state.connect(operation, "hub", rows, (hub, 0), (layout.group, layout.start))
