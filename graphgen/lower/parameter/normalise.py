"""The parameter graph of a normalisation: a step, and edges of its running statistics."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.along_axes import attach
from graphgen.lower.parameter.state import Layout, Lowering
from spec import Operation
from spec.primitives import Normalise


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a normalisation; running means and variances have edges, as parameters do.

    The step's `over` lists the factors, neurons or positions, of the axes that it normalises (of
    the channels' axis for norms by channel or by group): flattening before or after a norm differs.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Normalise):
        raise TypeError(f"expected a Normalise, got {primitive}")
    layout = state.own(operation, operation.inputs[0])
    last = primitive.statistics in ("layer", "rms", "softmax")
    normed = layout.axes[-primitive.size :] if last else layout.axes[:1]
    over = tuple(
        ("position" if factor.group is None else "unit", factor.size)
        for axis in normed
        for factor in axis
    )
    if len(operation.parameters) > 1:
        mean, variance = operation.parameters[:2]
        attach(state, operation, layout, mean, 0, "mean")
        attach(state, operation, layout, variance, 0, "variance")
    if primitive.statistics == "group":
        hang(state, operation, layout, primitive.size, over)
    state.step(
        layout.group,
        "softmax" if primitive.statistics == "softmax" else f"{primitive.statistics}_norm",
        eps=primitive.eps,
        size=primitive.size,
        over=over,
    )
    state.layouts[operation.output] = layout


def hang(
    state: Lowering,
    operation: Operation,
    layout: Layout,
    groups: int,
    over: tuple[tuple[str, int], ...],
) -> None:
    """Hang the neurons that are normalised together on a hub for each group of them.

    Nothing is needed where each neuron has groups of its own, or all are in one. Where a group ends
    within the positions of a neuron, edges from one hub tell all neurons apart.
    """
    roles = [role for role, _ in over]
    if "unit" not in roles:
        return
    place = roles.index("unit")
    units = over[place][1]
    inside = prod(size for _, size in over[place + 1 :])
    items = prod(size for _, size in over) // groups
    if inside % items == 0:
        return
    (neurons,) = [factor for factor in layout.axes[0] if factor.group is not None]
    together = items // inside
    if items % inside == 0 and units % together == 0:
        if together < units:
            count = units // together
            hub = state.group(f"{operation.output}.hub", "hub", count)
            state.block(
                operation, "hub", (count, together), ("unit", "unit"), hub, (1, 0),
                layout.group, (together * neurons.stride, neurons.stride),
                target_start=layout.start,
            )  # fmt: skip
    elif items % inside or together % units:
        hub = state.group(f"{operation.output}.hub", "hub", 1)
        state.block(
            operation, "place", (units,), ("place",), hub, (0,), layout.group,
            (neurons.stride,), target_start=layout.start,
        )  # fmt: skip
