"""Recurrences, in torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Scan


def run(primitive: Scan, training: bool, x: Tensor, *tensors: Tensor) -> Tensor:
    """Run a cell along x (N, length, features) from a state of zeros.

    Step by step in plain operations: torch's fused cells know no `vmap`.
    """
    weight_ih, weight_hh, *biases = tensors
    inputs = F.linear(x, weight_ih, biases[0] if biases else None)
    hidden = inputs.new_zeros(x.shape[0], weight_hh.shape[1])
    cell = hidden
    states = []
    times = range(x.shape[1])
    for time in reversed(times) if primitive.reverse else times:
        from_state = F.linear(hidden, weight_hh, biases[1] if biases else None)
        now = inputs[:, time]
        if primitive.cell == "lstm":
            i, f, g, o = (now + from_state).chunk(4, dim=1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
        elif primitive.cell == "gru":
            r, z, n = now.chunk(3, dim=1)
            state_r, state_z, state_n = from_state.chunk(3, dim=1)
            update = (z + state_z).sigmoid()
            new = (n + (r + state_r).sigmoid() * state_n).tanh()
            hidden = (1 - update) * new + update * hidden
        elif primitive.cell == "rnn_tanh":
            hidden = (now + from_state).tanh()
        else:
            hidden = (now + from_state).relu()
        states.append(hidden)
    return torch.stack(states[::-1] if primitive.reverse else states, dim=1)
