"""The parameter graph of a recurrent cell: gates of the input and of the state, and the state."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.parameter.layout import axis_of, born, row_major
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Scan


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a recurrence.

    Its last memory, and its hidden states, are of the same units: where both are read, the cell is
    lowered once. The memory leaves these by edges of its own.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Scan):
        raise TypeError(f"expected a Scan, got {primitive}")
    what = replace(primitive, memory=False), operation.inputs, operation.parameters
    if what not in state.cells:
        state.cells[what] = cell(state, operation, primitive)
    units, shown = state.cells[what]
    if primitive.memory:
        (size,) = state.shapes[operation.output]
        memory = state.group(operation.output, "neuron", size)
        rows: list[Row] = [(size, "unit", 1, 1)]
        state.connect(operation, "memory", rows, (units, 0), (memory, 0))
        state.layouts[operation.output] = born([axis_of(size, memory)], memory)
    else:
        length, size = state.shapes[operation.output]
        state.layouts[operation.output] = born([axis_of(length), axis_of(size, shown)], shown)


def cell(state: Lowering, operation: Operation, primitive: Scan) -> tuple[int, int]:
    """Lower a cell; gives the group of its units, and that of its hidden states.

    The input's part and the state's part of the gates are groups of their own, since a GRU does not
    merely add them; from each a gate's edge leads to the unit of the state, told apart by the gate.
    The state's own weights lead back from it: the graph has a cycle. What it begins with comes in
    by edges that say which state it is.
    """
    value, *begun = operation.inputs
    layout = spread(state, operation, state.layout(value), {0: POSITIONS, 1: NEURONS})
    weight_ih, weight_hh, *biases = operation.parameters
    projection = biases.pop() if primitive.projected else None
    size, shown = state.net.tensors[weight_hh].shape
    hidden = size // primitive.gates
    gates = [state.group(f"{operation.output}.{end}", "neuron", size) for end in ("input", "state")]
    units = target = state.group(operation.output, "neuron", hidden)
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
    for number, name in enumerate(begun):
        first = spread(state, operation, state.layout(name), {0: NEURONS})
        digits = first.axes[0]
        goals = row_major([digit.size for digit in digits])
        entering: list[Row] = [
            (d.size, "unit", d.stride, goal) for d, goal in zip(digits, goals, strict=True)
        ]
        state.connect(
            operation, "initial", entering, (first.group, first.start),
            (units if number else target, 0), attributes=(("operand", number),),
        )  # fmt: skip
    return units, target
