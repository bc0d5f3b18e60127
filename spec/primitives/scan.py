"""Scan: a recurrent cell along a sequence."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""The cells, and how many gates each packs into its weights, in PyTorch's order."""


@record(frozen=True)
class Scan(Primitive):
    """A recurrent cell along the first axis of x `[length, features]`.

    Where it has `begun`, further inputs are the hidden state `[hidden]` that it goes on with, and
    the memory of an LSTM; else it begins at zero.

    The parameters are `weight_ih [gates hidden, features]`, `weight_hh [gates hidden, hidden]`
    and, if there are biases, `bias_ih` and `bias_hh`, as in `torch.nn.LSTM`, `GRU` and `RNN`.
    Gives the hidden states `[length, hidden]`, or the last `memory` of an LSTM alone, `[hidden]`;
    `reverse` runs from the end to the beginning. The hidden states of an LSTM that is `projected`
    go through a last parameter `weight_hr [projected, hidden]`.
    """

    cell: str
    reverse: bool = False
    projected: bool = False
    begun: bool = False
    memory: bool = False
    name: ClassVar[str] = "scan"

    @property
    def gates(self) -> int:
        """The number of gates packed into the weights."""
        return GATES[self.cell]

    @property
    def states(self) -> int:
        """The number of states that it takes."""
        return self.begun * (2 if self.cell == "lstm" else 1)

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        x, *begun = inputs
        if len(x) != 2 or x[1] != parameters[0][1]:
            raise ShapeError(
                f"a recurrent layer needs [N, length, {parameters[0][1]}], got {show(x)}"
            )
        rows, shown = parameters[1]
        for begin, size in zip(begun, (shown, rows // self.gates), strict=False):
            if begin != (size,):
                raise ShapeError(
                    f"a cell of {size} units begins with [N, {size}], got {show(begin)}"
                )
        return (rows // self.gates,) if self.memory else (x[0], shown)

    def channel_axis(self, rank: int) -> int | None:
        return rank - 1
