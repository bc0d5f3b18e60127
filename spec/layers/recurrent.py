"""rnn, lstm, gru: recurrent layers, as in `torch.nn`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import choice, flag, probability, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import Concat, Elementwise, Reshape, Scan, Shape, ShapeError, Slice, show
from spec.primitives.scan import GATES
from spec.records import record

HIDDEN = "the hidden states behind the last item, `[N, cells, size]`"
MEMORY = "the memories behind the last item, `[N, cells, hidden_size]`"
BEGUN = ("h_0", "c_0")


@record(frozen=True, kw_only=True)
class Recurrent(Layer):
    """Recurrent cells along `[N, length, features]`, in layers and maybe in both directions.

    While training there is `dropout` between layers. A second input is the hidden state that the
    cells begin with, `[N, cells, hidden]`, layer by layer and in each first the one that runs
    forward; without it they begin at zero. `name.h_n` are the last hidden states, as many.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 2)
    further: ClassVar[Mapping[str, str]] = {"h_n": HIDDEN}

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

    @property
    def cells(self) -> int:
        """How many cells there are, over all layers and directions."""
        return self.num_layers * (1 + self.bidirectional)

    @property
    def states(self) -> tuple[int, ...]:
        """The sizes of what a cell keeps."""
        return (self.projection or self.hidden_size,)

    def infer(self, *shapes: Shape) -> Self:
        x, *begun = shapes
        if len(x) != 2:
            raise ShapeError(f"`{self.type}` needs [N, length, features], got {show(x)}")
        if begun and len(begun) != len(self.states):
            names = " and ".join(f"`{name}`" for name in BEGUN[: len(self.states)])
            raise ShapeError(
                f"`{self.type}` takes its input alone, or {names} too, got {len(shapes)} inputs"
            )
        for name, given, size_ in zip(BEGUN, begun, self.states, strict=False):
            if given != (self.cells, size_) and (self.cells, given) != (1, (size_,)):
                raise ShapeError(
                    f"`{name}` of this `{self.type}` is [N, {self.cells}, {size_}], cell by cell, "
                    f"got {show(given)}"
                )
        return replace(self, input_size=agree("input_size", self.input_size, x[1]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, *begun = inputs
        last: list[list[Value]] = [[] for _ in self.states]
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = scope.apply(Elementwise("dropout", (("p", self.dropout),)), x)
            directions = []
            for reverse in range(1 + self.bidirectional):
                cell = layer * (1 + self.bidirectional) + reverse
                own = [one_of(scope, value, cell) for value in begun]
                suffix = f"_l{layer}{'_reverse' * reverse}"
                for found, state in zip(last, self._scan(scope, x, own, suffix), strict=True):
                    found.append(state)
                directions.append(last[0][-1])
                last[0][-1] = end_of(scope, directions[-1], reverse=bool(reverse))
            x = scope.apply(Concat(1), *directions) if self.bidirectional else directions[0]
        for local, found in zip(self.further, last, strict=True):
            scope.give(local, scope.apply(Concat(0), *found) if len(found) > 1 else found[0])
        return x

    def _scan(self, scope: Scope, x: Value, begun: list[Value], suffix: str) -> list[Value]:
        """Give the hidden states of a cell, and the last one of what else it keeps."""
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
        reverse = suffix.endswith("_reverse")
        scan = Scan(self.cell, reverse, bool(self.projection), begun=bool(begun))
        states = [scope.apply(scan, x, *begun, tensors=tensors)]
        for size_ in self.states[1:]:
            memory = scope.apply(replace(scan, memory=True), x, *begun, tensors=tensors)
            states.append(scope.apply(Reshape((1, size_)), memory))
        return states


def one_of(scope: Scope, begun: Value, cell: int) -> Value:
    """Give what one cell begins with, of what all begin with."""
    if len(begun.shape) == 1:
        return begun
    count, size_ = begun.shape
    one = scope.apply(Slice(0, cell, cell + 1), begun) if count > 1 else begun
    return scope.apply(Reshape((size_,)), one)


def end_of(scope: Scope, states: Value, *, reverse: bool) -> Value:
    """Give the state behind the last item of which the cell has read, `[1, hidden]`."""
    length = states.shape[0]
    first = 0 if reverse else length - 1
    return scope.apply(Slice(0, first, first + 1), states)


@register("rnn")
@record(frozen=True, kw_only=True)
class RNN(Recurrent):
    """`h_t = f(W x_t + b + U h_(t-1) + c)`, as `torch.nn.RNN` (Elman 1990).

    It begins at zero, or with a second input, the hidden states of all cells, `[N, cells, size]`.
    """

    nonlinearity: str = choice(("tanh", "relu"), default="tanh")

    @property
    def cell(self) -> str:
        return f"rnn_{self.nonlinearity}"


@register("lstm")
@record(frozen=True, kw_only=True)
class LSTM(Recurrent):
    """`c_t = f c_(t-1) + i g`, `h_t = o tanh(c_t)` with gates i, f, g, o, as `torch.nn.LSTM`.

    With `proj_size` the hidden state is `W (o tanh(c_t))` of this size (Sak et al. 2014). It begins
    at zero, or with a second and a third input, the hidden states and the memories of all cells,
    `[N, cells, size]`. `name.h_n` and `name.c_n` are those behind the last item.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 3)
    further: ClassVar[Mapping[str, str]] = {"h_n": HIDDEN, "c_n": MEMORY}

    proj_size: int = size(default=0, minimum=0, summary="size of a projected hidden state, or 0")

    @property
    def projection(self) -> int:
        return self.proj_size

    @property
    def states(self) -> tuple[int, ...]:
        return (*super().states, self.hidden_size)

    def infer(self, *shapes: Shape) -> Self:
        if self.proj_size >= self.hidden_size:
            raise ShapeError(
                f"`proj_size` is {self.proj_size}, expected less than `hidden_size` "
                f"{self.hidden_size}, or 0 for none"
            )
        return super().infer(*shapes)


@register("gru")
@record(frozen=True, kw_only=True)
class GRU(Recurrent):
    """`h_t = (1 - z) n + z h_(t-1)` with gates r, z and candidate n, as `torch.nn.GRU`.

    It begins at zero, or with a second input, the hidden states of all cells, `[N, cells, size]`.
    """
