"""The computation graph of a recurrent cell, unrolled over the sequence."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.computation.state import Items, Lowering
from spec import Operation
from spec.primitives import Scan


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a recurrence: gates, products and sums at each position, with tied weights.

    The state before the first position has no nodes where it is zero. Where hidden states and the
    last memory are read, the cell is unrolled once.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Scan):
        raise TypeError(f"expected a Scan, got {primitive}")
    what = replace(primitive, memory=False), operation.inputs, operation.parameters
    if what not in state.cells:
        state.cells[what] = unrolled(state, operation, primitive)
    states, memory = state.cells[what]
    if primitive.memory:
        state.items[operation.output] = memory
        return
    result = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    for time, items in states.items():
        state.identity(operation, whole(items), result.axis(0, 1, time, 0))
    state.items[operation.output] = result


def unrolled(
    state: Lowering, operation: Operation, primitive: Scan
) -> tuple[dict[int, Items], Items]:
    """Unroll a cell; gives its hidden state at each position, and its last memory."""
    cell = Cell(state, operation, primitive)
    order, states = range(cell.source.shape[0]), dict[int, Items]()
    for time in reversed(order) if primitive.reverse else order:
        states[time] = cell.advance(time)
    memory = cell.memory or states[time]
    return states, replace(memory, exclusive=False)


def whole(items: Items) -> Items:
    """Give a row of items a first axis of one."""
    return Items((1, *items.shape), items.group, (0, *items.strides), items.start)


class Cell:
    """A recurrent cell while it is unrolled: its state and its memory so far."""

    def __init__(self, state: Lowering, operation: Operation, primitive: Scan) -> None:
        self.lowering, self.operation, self.kind = state, operation, primitive.cell
        self.source = state.value(operation.inputs[0])
        self.weight_ih, self.weight_hh, *self.biases = operation.parameters
        self.projection = self.biases.pop() if primitive.projected else None
        rows, self.shown = state.net.tensors[self.weight_hh].shape
        self.hidden = rows // primitive.gates
        begun = [replace(state.value(name), exclusive=False) for name in operation.inputs[1:]]
        self.state: Items | None = begun[0] if begun else None
        self.memory: Items | None = begun[1] if len(begun) > 1 else None
        self.constants = [
            state.nodes(f"{operation.layer}.bias", "constant", (1,)) for _ in self.biases
        ]

    def advance(self, time: int) -> Items:
        """Add the nodes of one position, and give the state there."""
        if self.kind == "lstm":
            self.state = self.lstm(time)
        elif self.kind == "gru":
            self.state = self.gru(time)
        else:
            self.state = self.gate(time, "state", 0, self.kind.removeprefix("rnn_"))
        return self.state

    def lstm(self, time: int) -> Items:
        """`c = forget c + input content; h = output tanh(c)`."""
        gates = [
            self.gate(time, name, place, "tanh" if name == "content" else "sigmoid")
            for place, name in enumerate(("input", "forget", "content", "output"))
        ]
        terms = [self.product(time, "written", gates[0], gates[2])]
        if self.memory is not None:
            terms.append(self.product(time, "kept", gates[1], self.memory))
        self.memory = self.sum(time, "memory", terms)
        shown = self.sum(time, "shown", [self.memory])
        self.lowering.step(shown.group, "tanh")
        state = self.product(time, "state", gates[3], shown)
        return state if self.projection is None else self.projected(time, state, self.projection)

    def projected(self, time: int, source: Items, tensor: str) -> Items:
        """Add a linear map of the state."""
        name = f"{self.operation.output}.{time}.projected"
        target = self.lowering.nodes(name, "sum", (self.shown,))
        rows = [(self.shown, 0, 1, self.hidden), (self.hidden, 1, 0, 1)]
        self.lowering.connect(self.operation, "linear", source, target, rows, tensor)
        return target

    def gru(self, time: int) -> Items:
        """`n = tanh(W x + reset (U h)); h = (1 - keep) n + keep h`."""
        reset, keep = (
            self.gate(time, name, place, "sigmoid") for place, name in enumerate(("reset", "keep"))
        )
        content = self.nodes(time, "content", "sum")
        self.from_input(time, content, 2)
        if self.state is not None or self.biases:
            recurrent = self.nodes(time, "recurrent", "sum")
            self.from_state(recurrent, 2)
            allowed = self.product(time, "allowed", reset, recurrent)
            self.lowering.identity(self.operation, allowed, content)
        self.lowering.step(content.group, "tanh")
        share = self.nodes(time, "share", "sum")
        one = self.lowering.nodes(f"{self.operation.layer}.one", "constant", (1,))
        rows = [(self.hidden, 0, 1, 0)]
        self.lowering.connect(self.operation, "identity", one, share, rows)
        self.lowering.identity(self.operation, keep, share, constant=-1.0)
        terms = [self.product(time, "new", share, content)]
        if self.state is not None:
            terms.append(self.product(time, "old", keep, self.state))
        return self.sum(time, "state", terms)

    def gate(self, time: int, name: str, place: int, function: str) -> Items:
        """Add a function of the input and the state, with the gate's part of the weights."""
        target = self.nodes(time, name, "sum")
        self.from_input(time, target, place)
        self.from_state(target, place)
        self.lowering.step(target.group, function)
        return target

    def from_input(self, time: int, target: Items, place: int) -> None:
        """Connect the input at one position, and its bias."""
        x = self.source.axis(0, 1, time, 0)
        features = x.shape[1]
        rows = [(self.hidden, 0, 1, features), (features, x.strides[1], 0, 1)]
        start = place * self.hidden * features
        self.lowering.connect(self.operation, "linear", x, target, rows, self.weight_ih, start)
        self.bias(target, place, 0)

    def from_state(self, target: Items, place: int) -> None:
        """Connect the state before, and its bias."""
        if self.state is not None:
            (step,) = self.state.strides
            rows = [(self.hidden, 0, 1, self.shown), (self.shown, step, 0, 1)]
            start = place * self.hidden * self.shown
            self.lowering.connect(
                self.operation, "recurrent", self.state, target, rows, self.weight_hh, start
            )
        self.bias(target, place, 1)

    def bias(self, target: Items, place: int, which: int) -> None:
        """Connect one of the two biases, told apart as the weights are that they go with."""
        if self.biases:
            self.lowering.connect(
                self.operation, "bias", self.constants[which], target, [(self.hidden, 0, 1, 1)],
                self.biases[which], place * self.hidden,
                attributes=(("of", ("input", "state")[which]),),
            )  # fmt: skip

    def product(self, time: int, name: str, *operands: Items) -> Items:
        """Add a product, unit by unit."""
        target = self.nodes(time, name, "product")
        for operand in operands:
            self.lowering.identity(self.operation, operand, target, "operand")
        return target

    def sum(self, time: int, name: str, terms: list[Items]) -> Items:
        """Add a sum, unit by unit."""
        target = self.nodes(time, name, "sum")
        for term in terms:
            self.lowering.identity(self.operation, term, target)
        return target

    def nodes(self, time: int, name: str, kind: str) -> Items:
        """Add a node for each unit."""
        return self.lowering.nodes(f"{self.operation.output}.{time}.{name}", kind, (self.hidden,))
