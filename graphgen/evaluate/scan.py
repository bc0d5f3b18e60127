"""Recurrent cells along a sequence, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.functions import sigmoid
from spec.primitives import Scan

Array = NDArray[Any]


def run(primitive: Scan, x: Array, *rest: Array) -> Array:
    """Run the cell over x (N, length, features), maybe from states (N, hidden) on.

    Gives its hidden states (N, length, hidden), or the last memory (N, hidden).
    """
    begun, (weight_ih, weight_hh, *biases) = rest[: primitive.states], rest[primitive.states :]
    projection = biases.pop() if primitive.projected else None
    bias_ih, bias_hh = biases or [np.zeros((), dtype=x.dtype)] * 2
    inputs = x @ weight_ih.T + bias_ih
    count, length = x.shape[:2]
    sizes = weight_hh.shape[1], weight_hh.shape[0] // primitive.gates
    zeros = [np.zeros((count, size), dtype=inputs.dtype) for size in sizes]
    start: list[Array] = [*begun, *zeros[len(begun) :]]
    hidden, memory = start
    states = np.empty((count, length, weight_hh.shape[1]), dtype=inputs.dtype)
    for time in reversed(range(length)) if primitive.reverse else range(length):
        recurrent = hidden @ weight_hh.T + bias_hh
        hidden, memory = step(primitive.cell, inputs[:, time], recurrent, hidden, memory)
        hidden = hidden if projection is None else hidden @ projection.T
        states[:, time] = hidden
    return memory if primitive.memory else states


def step(
    cell: str, inputs: Array, recurrent: Array, hidden: Array, memory: Array
) -> tuple[Array, Array]:
    """Give the next hidden state, and an LSTM's next memory."""
    if cell == "lstm":
        write, keep, content, read = np.split(inputs + recurrent, 4, -1)
        memory = sigmoid(keep) * memory + sigmoid(write) * np.tanh(content)
        return sigmoid(read) * np.tanh(memory), memory
    if cell == "gru":
        reset, keep, _ = np.split(inputs + recurrent, 3, -1)
        size = hidden.shape[-1]
        content = np.tanh(inputs[:, -size:] + sigmoid(reset) * recurrent[:, -size:])
        share = sigmoid(keep)
        return (1 - share) * content + share * hidden, memory
    total: Array = inputs + recurrent
    return (np.tanh(total) if cell == "rnn_tanh" else np.maximum(total, 0)), memory
