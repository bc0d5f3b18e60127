"""The parameter graph of a normalisation: a step, and edges of its running statistics."""

from __future__ import annotations

from graphgen.lower.parameter.along_axes import attach
from graphgen.lower.parameter.state import Lowering
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
    state.step(
        layout.group,
        "softmax" if primitive.statistics == "softmax" else f"{primitive.statistics}_norm",
        eps=primitive.eps,
        size=primitive.size,
        over=over,
    )
    state.layouts[operation.output] = layout
