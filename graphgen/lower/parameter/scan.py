"""The parameter graph of a recurrent cell: gates of the input and of the state, and the state."""

from __future__ import annotations

from graphgen.lower.parameter.state import Factor, Layout, Lowering
from spec import Operation
from spec.primitives import Scan


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a recurrence.

    The input's part and the state's part of the gates are groups of their own, since a GRU does not
    merely add them; from each a gate's edge leads to the unit of the state, told apart by the gate.
    The state's own weights lead back from it: the graph has a cycle.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Scan):
        raise TypeError(f"expected a Scan, got {primitive}")
    layout = state.settled(operation, state.layout(operation.inputs[0]))
    features = layout.axes[-1]
    if not all(factor.group is not None for factor in features if factor.size > 1):
        raise state.refuse(operation, "its features are not neurons")
    weight_ih, weight_hh, *biases = operation.parameters
    hidden = state.net.tensors[weight_hh].shape[1]
    size = primitive.gates * hidden
    gates = [state.group(f"{operation.output}.{end}", "neuron", size) for end in ("input", "state")]
    target = state.group(operation.output, "neuron", hidden)
    state.block(
        operation, "linear", (size, *(factor.size for factor in features)),
        ("out", *("in",) * len(features)), layout.group,
        (0, *(factor.stride for factor in features)), gates[0], (1, *(0,) * len(features)),
        weight_ih, source_start=layout.start,
    )  # fmt: skip
    for gate, bias in zip(gates, biases, strict=False):
        own = state.group(f"{operation.layer}.bias", "bias", 1)
        state.block(operation, "bias", (size,), ("unit",), own, (0,), gate, (1,), bias)
        state.step(gate, "bias")
    for gate in gates:
        state.block(
            operation, "gate", (primitive.gates, hidden), ("place", "unit"), gate, (hidden, 1),
            target, (0, 1),
        )  # fmt: skip
    state.block(
        operation, "recurrent", (size, hidden), ("out", "in"), target, (0, 1), gates[1], (1, 0),
        weight_hh,
    )  # fmt: skip
    state.step(target, primitive.cell, reverse=primitive.reverse)
    axes = (layout.axes[0], (Factor(hidden, target),))
    state.layouts[operation.output] = Layout(axes, target, exclusive=True)
