"""The parameter graph of a recurrent cell: gates of the input and of the state, and the state."""

from __future__ import annotations

from graphgen.lower.parameter.layout import axis_of, born
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
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
    layout = state.layout(operation.inputs[0])
    layout = spread(state, operation, layout, {0: POSITIONS, 1: NEURONS})
    weight_ih, weight_hh, *biases = operation.parameters
    projection = biases.pop() if primitive.projected else None
    size, shown = state.net.tensors[weight_hh].shape
    hidden = size // primitive.gates
    gates = [state.group(f"{operation.output}.{end}", "neuron", size) for end in ("input", "state")]
    target = state.group(operation.output, "neuron", hidden)
    features: list[Row] = [(d.size, "in", d.stride, 0) for d in layout.axes[1]]
    state.connect(
        operation, "linear", [(size, "out", 0, 1), *(features or [(1, "in", 0, 0)])],
        (layout.group, layout.start), (gates[0], 0), weight_ih,
        attributes=layout.part(layout.axes[0]),
    )  # fmt: skip
    for gate, bias in zip(gates, biases, strict=False):
        own = state.group(f"{operation.layer}.bias", "bias", 1)
        state.connect(operation, "bias", [(size, "unit", 0, 1)], (own, 0), (gate, 0), bias)
        state.step(gate, "bias")
    for gate in gates:
        rows: list[Row] = [(primitive.gates, "place", hidden, 0), (hidden, "unit", 1, 1)]
        state.connect(operation, "gate", rows, (gate, 0), (target, 0))
    state.step(target, primitive.cell, reverse=primitive.reverse)
    if projection is not None:
        seen = state.group(f"{operation.output}.projected", "neuron", shown)
        across: list[Row] = [(shown, "out", 0, 1), (hidden, "in", 1, 0)]
        state.connect(operation, "linear", across, (target, 0), (seen, 0), projection)
        target = seen
    state.connect(
        operation, "recurrent", [(size, "out", 0, 1), (shown, "in", 1, 0)], (target, 0),
        (gates[1], 0), weight_hh,
    )  # fmt: skip
    length = state.net.shapes[operation.output][0]
    state.layouts[operation.output] = born([axis_of(length), axis_of(shown, target)], target)
