"""Recurrences, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.elementwise import sigmoid
from spec.primitives import Scan

Array = NDArray[Any]


def run(primitive: Scan, x: Array, *tensors: Array) -> Array:
    """Run a cell along x (N, length, features) from a state of zeros."""
    weight_ih, weight_hh, *biases = tensors
    inputs = x @ weight_ih.T + (biases[0] if biases else 0)
    hidden = np.zeros((x.shape[0], weight_hh.shape[1]), dtype=inputs.dtype)
    cell = np.zeros_like(hidden)
    states = np.empty((*x.shape[:2], weight_hh.shape[1]), dtype=inputs.dtype)
    times = range(x.shape[1])
    for time in reversed(times) if primitive.reverse else times:
        from_state = hidden @ weight_hh.T + (biases[1] if biases else 0)
        now: Array = inputs[:, time]
        if primitive.cell == "lstm":
            i, f, g, o = np.split(now + from_state, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
        elif primitive.cell == "gru":
            (r, z, n), (state_r, state_z, state_n) = (
                np.split(part, 3, axis=1) for part in (now, from_state)
            )
            update = sigmoid(z + state_z)
            new = np.tanh(n + sigmoid(r + state_r) * state_n)
            hidden = (1 - update) * new + update * hidden
        elif primitive.cell == "rnn_tanh":
            hidden = np.tanh(now + from_state)
        else:
            hidden = np.maximum(now + from_state, 0)
        states[:, time] = hidden
    return states
