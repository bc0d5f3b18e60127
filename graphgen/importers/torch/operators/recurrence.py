"""Recurrent layers and cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import recurrence
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("lstm")
def lstm(
    t: Tracer, x: Traced, states: Sequence[Traced], weights: Sequence[Traced], *rest: Any
) -> Any:
    return run(t, "lstm", x, states, weights, *rest)


@aten("gru")
def gru(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "gru", x, [state], weights, *rest)


@aten("rnn_tanh")
def rnn_tanh(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "rnn_tanh", x, [state], weights, *rest)


@aten("rnn_relu")
def rnn_relu(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "rnn_relu", x, [state], weights, *rest)


def run(
    t: Tracer,
    kind: str,
    x: Traced,
    states: Sequence[Traced],
    weights: Sequence[Traced],
    bias: bool,
    num_layers: int,
    dropout: float,
    training: bool,
    bidirectional: bool,
    batch_first: bool,
) -> Any:
    """Read the arguments that recurrent layers have in common."""
    return recurrence.recurrent(
        t, kind, x, states, weights, num_layers=num_layers, bidirectional=bidirectional,
        batch_first=batch_first, bias=bias,
    )  # fmt: skip


@aten("lstm_cell")
def lstm_cell(t: Tracer, x: Traced, states: Sequence[Traced], *weights: Any) -> Any:
    return list(recurrence.cell(t, "lstm", x, states, given(weights)))


@aten("gru_cell")
def gru_cell(t: Tracer, x: Traced, state: Traced, *weights: Any) -> Any:
    return recurrence.cell(t, "gru", x, [state], given(weights))[0]


@aten("rnn_tanh_cell")
def rnn_tanh_cell(t: Tracer, x: Traced, state: Traced, *weights: Any) -> Any:
    return recurrence.cell(t, "rnn_tanh", x, [state], given(weights))[0]


@aten("rnn_relu_cell")
def rnn_relu_cell(t: Tracer, x: Traced, state: Traced, *weights: Any) -> Any:
    return recurrence.cell(t, "rnn_relu", x, [state], given(weights))[0]


def given(weights: Sequence[Any]) -> list[Traced]:
    """Leave out the biases that a cell does not have."""
    return [weight for weight in weights if weight is not None]
