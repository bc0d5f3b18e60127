"""Recurrent cells that the language has no layer of: each step is said by its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphgen.importers.onnx.node import Node
from graphgen.importers.operators import contraction, elementwise, joining, taking
from graphgen.importers.operators.elementwise import affine, function
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer

MOST_STEPS = 128

LAYERS = {
    "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "softsign": "softsign",
    "softplus": "softplus",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell: its functions, and what its version of the gates says."""

    word: str
    functions: Sequence[str]
    alphas: Sequence[float]
    betas: Sequence[float]
    clip: float | None
    coupled: bool
    before_reset: bool

    @classmethod
    def of(cls, node: Node, functions: Sequence[str]) -> Cell:
        """Read the attributes of a node."""
        return cls(
            node.operator,
            functions,
            node.attribute("activation_alpha") or [],
            node.attribute("activation_beta") or [],
            node.attribute("clip"),
            bool(node.attribute("input_forget", 0)),
            bool(node.attribute("linear_before_reset", 0)),
        )

    def apply(self, t: Tracer, place: int, x: Traced) -> Traced:
        """Apply one of the functions."""
        if self.clip is not None:
            x = function(t, "clamp", x, {"min": -self.clip, "max": self.clip})
        word = self.functions[place]
        if word in LAYERS:
            return function(t, LAYERS[word], x)
        alpha = self.alphas[place] if place < len(self.alphas) else None
        beta = self.betas[place] if place < len(self.betas) else None
        if word == "leakyrelu":
            slope = 0.01 if alpha is None else alpha
            return function(t, "leaky_relu", x, {"negative_slope": slope})
        if word == "elu":
            return function(t, "elu", x, {"alpha": 1.0 if alpha is None else alpha})
        if word == "affine":
            return affine(t, x, 1.0 if alpha is None else alpha, beta or 0.0)
        if word == "hardsigmoid":
            line = affine(t, x, 0.2 if alpha is None else alpha, 0.5 if beta is None else beta)
            return function(t, "clamp", line, {"min": 0.0, "max": 1.0})
        t.refuse(f"the function {word!r} of a recurrent cell is not known")


def run_cells(
    node: Node, cell: Cell, x: Traced, states: Sequence[Traced], direction: str
) -> tuple[Traced, list[Traced]]:
    """Run cells step by step; give `[time, directions, N, size]` and the last states."""
    t, length = node.tracer, x.shape[0]
    if length > MOST_STEPS:
        t.refuse(f"a cell of this kind over {length} items, expected at most {MOST_STEPS}")
    runs = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    rows, ends = [], []
    for number, backward in enumerate(runs):
        own = [taking.select(t, state, 0, number) for state in states]
        line: list[Traced] = [own[0]] * length
        for step in range(length)[:: -1 if backward else 1]:
            item = taking.select(t, x, 0, step)
            own = step_of(node, cell, item, own, number)
            line[step] = own[0]
        rows.append(joining.stack(t, line, 0))
        ends.append(own)
    last = [joining.stack(t, list(each), 0) for each in zip(*ends, strict=True)]
    return joining.stack(t, rows, 1), last


def step_of(
    node: Node, cell: Cell, x: Traced, states: Sequence[Traced], number: int
) -> list[Traced]:
    """Give the next states of a cell; gates lie one after the other in each tensor."""
    t = node.tracer
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[cell.word]
    offset = number * {"LSTM": 3, "GRU": 2, "RNN": 1}[cell.word]
    h = states[0]

    def part(place: int, gate: int) -> Traced:
        rows = taking.select(t, node[place], 0, number)
        size = rows.shape[0] // gates
        return taking.narrow(t, rows, 0, gate * size, size)

    def bias(gate: int, half: int) -> Traced | None:
        if not node.has(3):
            return None
        row = taking.select(t, node[3], 0, number)
        size = row.shape[0] // (2 * gates)
        return taking.narrow(t, row, 0, (half * gates + gate) * size, size)

    def from_input(gate: int) -> Traced:
        return contraction.linear(t, x, part(1, gate), bias(gate, 0))

    def from_state(gate: int, state: Traced) -> Traced:
        return contraction.linear(t, state, part(2, gate), bias(gate, 1))

    def both(gate: int) -> Traced:
        return elementwise.add(t, from_input(gate), from_state(gate, h))

    if cell.word == "RNN":
        return [cell.apply(t, offset, both(0))]
    if cell.word == "GRU":
        z, r = (cell.apply(t, offset, both(gate)) for gate in (0, 1))
        if cell.before_reset:
            kept = elementwise.multiply(t, r, from_state(2, h))
        else:
            kept = from_state(2, elementwise.multiply(t, r, h))
        new = cell.apply(t, offset + 1, elementwise.add(t, from_input(2), kept))
        change = elementwise.multiply(t, z, elementwise.subtract(t, h, new))
        return [elementwise.add(t, new, change)]
    return _lstm(node, cell, both, states, number, offset)


def _lstm(
    node: Node, cell: Cell, both: Any, states: Sequence[Traced], number: int, offset: int
) -> list[Traced]:
    """Give hidden states and memories; peepholes let gates see the memories."""
    t, c = node.tracer, states[1]

    def peeped(gate: int, line: Traced, memory: Traced) -> Traced:
        if not node.has(7):
            return line
        row = taking.select(t, node[7], 0, number)
        size = row.shape[0] // 3
        weight = taking.narrow(t, row, 0, gate * size, size)
        return elementwise.add(t, line, elementwise.multiply(t, memory, weight))

    i = cell.apply(t, offset, peeped(0, both(0), c))
    if cell.coupled:
        f: Traced = affine(t, i, -1.0, 1.0)
    else:
        f = cell.apply(t, offset, peeped(2, both(2), c))
    new = cell.apply(t, offset + 1, both(3))
    memory = elementwise.add(t, elementwise.multiply(t, f, c), elementwise.multiply(t, i, new))
    o = cell.apply(t, offset, peeped(1, both(1), memory))
    unclipped = Cell(cell.word, cell.functions, cell.alphas, cell.betas, None, False, False)
    hidden = elementwise.multiply(t, o, unclipped.apply(t, offset + 2, memory))
    return [hidden, memory]
