"""LSTM, GRU and RNN: gates in the order of ONNX become those of the language."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.cells import Cell, run_cells
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import recurrence, shapes
from graphgen.importers.traced import Constant, Parameter, Traced, Value

ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""Which gate of ONNX each of PyTorch is."""

DEFAULTS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}


@onnx("LSTM", "GRU", "RNN")
def recurrent(node: Node) -> Any:
    """Run cells along `[time, N, features]`; give all hidden states, and the last ones."""
    t, x = node.tracer, node[0]
    if node.attribute("layout", 0):
        x = shapes.transpose(t, x, 0, 1)
    word = node.operator
    direction = node.attribute("direction", "forward")
    directions = 2 if direction == "bidirectional" else 1
    length = x.shape[0]
    if node.has(4) and any(n != length for n in node.integers(4, "the lengths of sequences")):
        t.refuse(f"sequences that are shorter than {length}, of one length each")
    states = _states(node, directions, x.shape[1])
    functions = [f.lower() for f in node.attribute("activations") or DEFAULTS[word] * directions]
    if _is_plain(node, functions, directions) and (direction != "reverse"):
        y, last = _by_layer(node, x, states, functions, directions)
    else:
        cell = Cell.of(node, functions)
        y, last = run_cells(node, cell, x, states, direction)
    if node.attribute("layout", 0):
        y = shapes.permute(t, y, [2, 0, 1, 3])
        last = [shapes.transpose(t, state, 0, 1) for state in last]
    return (y, *last)


def _states(node: Node, directions: int, samples: int) -> list[Traced]:
    """Give the states to begin with, `[directions, N, size]`."""
    hidden = int(node.attribute("hidden_size") or node[2].shape[-1])
    found: list[Traced] = []
    for place in (5, 6)[: 2 if node.operator == "LSTM" else 1]:
        given = node.optional(place)
        if given is None:
            zeros = np.broadcast_to(np.zeros((), np.float32), (directions, samples, hidden))
            given = Constant(zeros)
        elif isinstance(given, Parameter) and not given.array.any():
            given = Constant(given.array)
        if node.has(place) and node.attribute("layout", 0):
            given = shapes.transpose(node.tracer, given, 0, 1)
        found.append(given)
    return found


def _is_plain(node: Node, functions: list[str], directions: int) -> bool:
    """Say whether PyTorch's cells compute the same."""
    word = node.operator
    usual = functions == DEFAULTS[word] * directions
    if word == "RNN":
        usual = len(set(functions)) == 1 and functions[0] in ("tanh", "relu")
    stored = all(not isinstance(node[place], Value) for place in (1, 2))
    stored = stored and not isinstance(node.optional(3), Value)
    reset = word != "GRU" or bool(node.attribute("linear_before_reset", 0))
    return (
        usual
        and stored
        and reset
        and not node.has(7)
        and node.attribute("clip") is None
        and not node.attribute("input_forget", 0)
    )


def tensor_of(node: Node, place: int, direction: int, local: str, part: slice | None = None) -> Any:
    """Give the rows of one direction's tensor in PyTorch's order of gates, by its name for them."""
    x: Any = node[place]
    rows = x.array[direction]
    rows = rows[part] if part is not None else rows
    order = ORDER[node.operator]
    if len(order) > 1:
        gates = rows.reshape(len(order), -1, *rows.shape[1:])
        rows = gates[list(order)].reshape(rows.shape)
    if isinstance(x, Constant):
        return Constant(rows)
    home = x.name.removesuffix(".weight_ih").removesuffix(".weight_hh").removesuffix(".bias")
    return Parameter(f"{home}.{local}_l0{'_reverse' * direction}", rows)


def _by_layer(
    node: Node, x: Traced, states: list[Traced], functions: list[str], directions: int
) -> tuple[Traced, list[Traced]]:
    t = node.tracer
    weights: list[Traced] = []
    bias = node.has(3)
    for direction in range(directions):
        weights.append(tensor_of(node, 1, direction, "weight_ih"))
        weights.append(tensor_of(node, 2, direction, "weight_hh"))
        if bias:
            half = node[3].shape[1] // 2
            weights.append(tensor_of(node, 3, direction, "bias_ih", slice(half)))
            weights.append(tensor_of(node, 3, direction, "bias_hh", slice(half, None)))
    kind = node.operator.lower() if node.operator != "RNN" else f"rnn_{functions[0]}"
    y, *last = recurrence.recurrent(
        t, kind, x, states, weights, bidirectional=directions == 2, bias=bias
    )
    length, samples, width = y.shape
    cut = shapes.reshape(t, y, (length, samples, directions, width // directions))
    return shapes.permute(t, cut, [0, 2, 1, 3]), list(last)
