"""Scan: a recurrent cell along a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""The cells, and how many gates each packs into its weights, in PyTorch's order."""


@dataclass(frozen=True)
class Scan(Primitive):
    """A recurrent cell along the first axis of x `[length, features]`, beginning at zero.

    The parameters are `weight_ih [gates hidden, features]`, `weight_hh [gates hidden, hidden]`
    and, if there are biases, `bias_ih` and `bias_hh`, as in `torch.nn.LSTM`, `GRU` and `RNN`.
    Gives the hidden states `[length, hidden]`; `reverse` runs from the end to the beginning. Those
    of an LSTM that is `projected` go through a last parameter `weight_hr [projected, hidden]`.
    """

    cell: str
    reverse: bool = False
    projected: bool = False
    name: ClassVar[str] = "scan"

    @property
    def gates(self) -> int:
        """The number of gates packed into the weights."""
        return GATES[self.cell]

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if len(x) != 2 or x[1] != parameters[0][1]:
            raise ShapeError(
                f"a recurrent layer needs [N, length, {parameters[0][1]}], got {show(x)}"
            )
        return (x[0], parameters[1][1])

    def channel_axis(self, rank: int) -> int | None:
        return rank - 1
