"""rnn, lstm, gru: recurrent layers, as in `torch.nn`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from spec.fields import choice, flag, probability, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Concat, Elementwise, Scan, Shape, ShapeError, show
from spec.primitives.scan import GATES


@dataclass(frozen=True, kw_only=True)
class Recurrent(Layer):
    """Recurrent cells along `[N, length, features]`, in layers and maybe in both directions.

    While training there is `dropout` between layers.
    """

    input_size: int | None = size(default=None)
    hidden_size: int = size()
    num_layers: int = size(default=1, maximum=1000)
    bias: bool = flag(default=True)
    dropout: float = probability(default=0.0)
    bidirectional: bool = flag(default=False)

    @property
    def cell(self) -> str:
        """The cell's name in `Scan`."""
        return self.type

    @property
    def projection(self) -> int:
        """The size to which hidden states are projected, or 0."""
        return 0

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(x) != 2:
            raise ShapeError(f"`{self.type}` needs [N, length, features], got {show(x)}")
        return replace(self, input_size=agree("input_size", self.input_size, x[1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = scope.apply(Elementwise("dropout", (("p", self.dropout),)), x)
            directions = [
                self._scan(scope, x, f"_l{layer}{'_reverse' * reverse}", reverse=bool(reverse))
                for reverse in range(1 + self.bidirectional)
            ]
            x = scope.apply(Concat(1), *directions) if self.bidirectional else directions[0]
        return x

    def _scan(self, scope: Scope, x: Value, suffix: str, *, reverse: bool) -> Value:
        rows = GATES[self.cell] * self.hidden_size
        initial = ("uniform", self.hidden_size**-0.5)
        shapes: dict[str, Shape] = {
            "weight_ih": (rows, x.shape[1]),
            "weight_hh": (rows, self.projection or self.hidden_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.projection:
            shapes |= {"weight_hr": (self.projection, self.hidden_size)}
        tensors = tuple(
            scope.parameter(name + suffix, shape, initial) for name, shape in shapes.items()
        )
        scan = Scan(self.cell, reverse, bool(self.projection))
        return scope.apply(scan, x, tensors=tensors)


@register("rnn")
@dataclass(frozen=True, kw_only=True)
class RNN(Recurrent):
    """`h_t = f(W x_t + b + U h_(t-1) + c)`, as `torch.nn.RNN` (Elman 1990)."""

    nonlinearity: str = choice(("tanh", "relu"), default="tanh")

    @property
    def cell(self) -> str:
        return f"rnn_{self.nonlinearity}"


@register("lstm")
@dataclass(frozen=True, kw_only=True)
class LSTM(Recurrent):
    """`c_t = f c_(t-1) + i g`, `h_t = o tanh(c_t)` with gates i, f, g, o, as `torch.nn.LSTM`.

    With `proj_size` the hidden state is `W (o tanh(c_t))` of this size (Sak et al. 2014).
    """

    proj_size: int = size(default=0, minimum=0, summary="size of a projected hidden state, or 0")

    @property
    def projection(self) -> int:
        return self.proj_size

    def infer(self, *shapes: Shape) -> Self:
        if self.proj_size >= self.hidden_size:
            raise ShapeError(
                f"`proj_size` is {self.proj_size}, expected less than `hidden_size` "
                f"{self.hidden_size}, or 0 for none"
            )
        return super().infer(*shapes)


@register("gru")
@dataclass(frozen=True, kw_only=True)
class GRU(Recurrent):
    """`h_t = (1 - z) n + z h_(t-1)` with gates r, z and candidate n, as `torch.nn.GRU`."""
