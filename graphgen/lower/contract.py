"""The parameter graph of a matrix product: an edge from each input neuron to each output neuron."""

from __future__ import annotations

from graphgen.lower.state import Factor, Layout, Lowering
from spec import Operation


def lower(state: Lowering, operation: Operation) -> None:
    """Lower `y[..., o] = sum_i x[..., i] W[o, i]`.

    Where the last axis was flattened from neurons and positions, each position is a parallel edge:

        shape (out, channels, y, x)   source strides (0, 1, 0, 0)   target strides (1, 0, 0, 0)
    """
    (tensor,) = operation.parameters
    source = state.layout(operation.inputs[0])
    *others, axis = source.axes
    if not any(factor.group is not None for factor in axis):
        raise state.refuse(operation, "the axis that is summed over holds positions, not neurons")
    if any(factor.group is not None for other in others for factor in other):
        raise state.refuse(operation, "neurons lie on another axis too")
    out = state.net.tensors[tensor].shape[0]
    target = state.group(operation.layer, "neuron", out)
    state.block(
        operation,
        "linear",
        (out, *(factor.size for factor in axis)),
        ("out", *("position" if factor.group is None else "in" for factor in axis)),
        source.group,
        (0, *(0 if factor.group is None else 1 for factor in axis)),
        target,
        (1, *(0 for _ in axis)),
        tensor,
    )
    state.layouts[operation.output] = Layout((*others, (Factor(out, target),)), target, True)
