"""Recurrent cells along a sequence, in torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Scan

FUSED: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
}


def run(primitive: Scan, training: bool, x: Tensor, *rest: Tensor) -> Tensor:
    """Run the cell over x (N, length, features), maybe from states (N, hidden) on.

    Gives its hidden states (N, length, hidden), or the last memory (N, hidden).
    """
    begun, parameters = rest[: primitive.states], rest[primitive.states :]
    if primitive.reverse:
        x = x.flip(1)
    # The fused cells have no rule for torch.func's transforms, and warn of projections.
    alone = primitive.projected or torch._C._are_functorch_transforms_active()
    states, memory = (unrolled if alone else fused)(primitive, x, begun, *parameters)
    if primitive.memory:
        return memory
    return states.flip(1) if primitive.reverse else states


def fused(
    primitive: Scan, x: Tensor, begun: Sequence[Tensor], *parameters: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the cell in one operator; gives all hidden states, and the last memory."""
    cell = primitive.cell
    zero = x.new_zeros(1, x.shape[0], parameters[1].shape[1])
    first = [state[None] for state in begun] or [zero] * (1 + (cell == "lstm"))
    # Without dropout `train` changes no number, but on a GPU gradients need it.
    options = {
        "has_biases": len(parameters) == 4,
        "num_layers": 1,
        "dropout": 0.0,
        "train": True,
        "bidirectional": False,
        "batch_first": True,
    }
    states, *last = FUSED[cell](x, first if cell == "lstm" else first[0], parameters, **options)
    return states, last[-1][0]


def unrolled(
    primitive: Scan,
    x: Tensor,
    begun: Sequence[Tensor],
    weight_ih: Tensor,
    weight_hh: Tensor,
    *rest: Tensor,
) -> tuple[Tensor, Tensor]:
    """Run the cell one step after the other; gives all hidden states, and the last memory."""
    biases, projection = (rest[:-1], rest[-1]) if primitive.projected else (rest, None)
    bias_ih, bias_hh = biases or (None, None)
    inputs = F.linear(x, weight_ih, bias_ih)
    hidden = x.new_zeros(x.shape[0], weight_hh.shape[1])
    memory = x.new_zeros(x.shape[0], weight_hh.shape[0] // primitive.gates)
    hidden, memory = (*begun, *(hidden, memory)[len(begun) :])
    states = []
    for now in inputs.unbind(1):
        recurrent = F.linear(hidden, weight_hh, bias_hh)
        hidden, memory = step(primitive.cell, now, recurrent, hidden, memory)
        hidden = hidden if projection is None else F.linear(hidden, projection)
        states.append(hidden)
    return torch.stack(states, 1), memory


def step(
    cell: str, inputs: Tensor, recurrent: Tensor, hidden: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """Give the next hidden state, and an LSTM's next memory."""
    if cell == "lstm":
        write, keep, content, read = (inputs + recurrent).chunk(4, -1)
        memory = keep.sigmoid() * memory + write.sigmoid() * content.tanh()
        return read.sigmoid() * memory.tanh(), memory
    if cell == "gru":
        reset, keep, _ = (inputs + recurrent).sigmoid().chunk(3, -1)
        content = (inputs.chunk(3, -1)[2] + reset * recurrent.chunk(3, -1)[2]).tanh()
        return (1 - keep) * content + keep * hidden, memory
    total = inputs + recurrent
    return (total.tanh() if cell == "rnn_tanh" else total.relu()), memory
