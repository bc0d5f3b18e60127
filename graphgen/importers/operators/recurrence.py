"""Recurrent layers and cells, as those of `torch.nn`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphgen.importers.network import Weight
from graphgen.importers.operators.joining import stack
from graphgen.importers.operators.samples import for_each_sample, framed, renamed, unframed
from graphgen.importers.operators.shapes import permute, squeeze, unsqueeze
from graphgen.importers.operators.taking import select
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer

LAYERS = {"lstm": "lstm", "gru": "gru", "rnn_tanh": "rnn", "rnn_relu": "rnn"}


def recurrent(
    t: Tracer,
    kind: str,
    x: Traced,
    states: Sequence[Traced],
    weights: Sequence[Traced],
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    batch_first: bool = False,
    bias: bool = True,
) -> tuple[Value, ...]:
    """Run cells along time; give the outputs, and the last hidden states and memories.

    `kind` is `lstm`, `gru`, `rnn_tanh` or `rnn_relu`; `x` is `[time, N, features]`, the first two
    exchanged if `batch_first`, or has no N; states are `[cells, N, size]` as in PyTorch, and
    `weights` its flat list.
    """
    value = t.value(x)
    if len(value.shape) == 2:  # no axis of samples
        wide = t.value(unsqueeze(t, value, 0 if batch_first else 1))
        begun = [unsqueeze(t, state, 1) for state in states]
        y, *last = recurrent(
            t, kind, wide, begun, weights, num_layers=num_layers, bidirectional=bidirectional,
            batch_first=batch_first, bias=bias,
        )  # fmt: skip
        flat = [squeeze(t, y, [0 if batch_first else 1]), *(squeeze(t, s, [1]) for s in last)]
        return tuple(t.value(each) for each in flat)
    place = 0 if batch_first else 1
    if _several(t, value, place):
        return _one_by_one(
            t, kind, value, states, weights, place, num_layers=num_layers,
            bidirectional=bidirectional, bias=bias,
        )  # fmt: skip
    value, batch = _placed(t, value, place)
    directions = 2 if bidirectional else 1
    each = len(weights) // (num_layers * directions)
    projected = each > (4 if bias else 2)
    tensors: dict[str, Weight] = {}
    for cell in range(num_layers * directions):
        layer, reverse = divmod(cell, directions)
        names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else [])]
        for local, weight in zip(
            [*names, *(["weight_hr"] if projected else [])],
            weights[cell * each : (cell + 1) * each],
            strict=True,
        ):
            tensors[f"{local}_l{layer}{'_reverse' * reverse}"] = t.weight(weight, local)
    gates = {"lstm": 4, "gru": 3}.get(kind, 1)
    hidden = weights[0].shape[0] // gates
    size = weights[1].shape[1]
    fields: dict[str, Any] = {"hidden_size": int(hidden)}
    if num_layers > 1:
        fields["num_layers"] = int(num_layers)
    if not bias:
        fields["bias"] = False
    if bidirectional:
        fields["bidirectional"] = True
    if projected:
        fields["proj_size"] = int(size)
    if kind == "rnn_relu":
        fields["nonlinearity"] = "relu"
    begun = [_begun(t, state, batch) for state in states]
    zero = all(isinstance(s, Constant) and not np.any(s.array) for s in states)
    inputs = [value] if zero else [value, *(t.value(state) for state in begun)]
    shape = (*value.shape[:-1], int(size) * directions)
    y = t.layer(LAYERS[kind], inputs, shape, value.batch, fields, tensors)
    count = num_layers * directions
    samples = t.samples or 1
    results = [y]
    for local, width in (("h_n", size), ("c_n", hidden))[: 2 if kind == "lstm" else 1]:
        last_shape = (count, samples if batch else 1, int(width))
        last_batch = Batch(1) if batch else None
        sample = t.further(y, local, last_shape if batch else (count, int(width)), last_batch)
        results.append(sample if batch else t.value(unsqueeze(t, sample, 1)))
    if value.batch is None:
        results[0] = t.value(unsqueeze(t, y, place))
    return tuple(results)


MOST_SEQUENCES = 64


def _several(t: Tracer, value: Value, place: int) -> bool:
    """Whether a sample has several sequences, as of frames, that lie where the samples do."""
    if value.batch is None:
        return value.shape[place] > 1
    return value.batch.axis == place and value.batch.items > 1


def _one_by_one(
    t: Tracer,
    kind: str,
    x: Value,
    states: Sequence[Traced],
    weights: Sequence[Traced],
    place: int,
    *,
    num_layers: int,
    bidirectional: bool,
    bias: bool,
) -> tuple[Value, ...]:
    """Run the same cells along each sequence of a sample, which begin at zero."""
    begin = all(isinstance(s, Constant) and not np.any(s.array) for s in states)
    if not begin:
        raise MixedSamplesError(f"{t.source} begins with states, for several sequences of a sample")
    frame = framed(t, t.value(permute(t, x, [1, 0, 2])) if place else x, 2)
    count, head = frame.items or 1, frame.head
    if count > MOST_SEQUENCES:
        t.refuse(f"{count} sequences in each sample, expected at most {MOST_SEQUENCES}")
    runs = []
    for item in range(count):
        one = select(t, frame.value, len(head), item)
        # A value without samples has none in its states either.
        wide = one if head else unsqueeze(t, one, 0)
        size = [(s.shape[0], *(head or (1,)), s.shape[2]) for s in states]
        zeros = [Constant(np.broadcast_to(np.zeros(()), shape)) for shape in size]
        found = recurrent(
            t, kind, wide, zeros, weights, num_layers=num_layers, bidirectional=bidirectional,
            batch_first=True, bias=bias,
        )  # fmt: skip
        runs.append([each if head else squeeze(t, each, [int(p > 0)])
                     for p, each in enumerate(found)])  # fmt: skip
    first, *rest = zip(*runs, strict=True)
    y = unframed(t, t.value(stack(t, first, len(head))), frame)
    outputs = [t.value(permute(t, y, [1, 0, 2])) if place else y]
    batch = frame.batch and Batch(1, frame.batch.outer, frame.batch.inner)
    for states_ in rest:
        joined = t.value(stack(t, states_, 1 + len(head)))
        shape = (joined.shape[0], count * (head[0] if head else 1), joined.shape[-1])
        outputs.append(renamed(t, joined, shape, batch))
    return tuple(outputs)


def cell(
    t: Tracer, kind: str, x: Traced, states: Sequence[Traced], weights: Sequence[Traced]
) -> tuple[Value, ...]:
    """Run a cell once: `[N, features]` and states `[N, size]` give the next states."""
    axis = len(x.shape) - 1
    value = unsqueeze(t, t.value(x), axis)
    begun = [unsqueeze(t, state, 0) for state in states]
    _, *last = recurrent(t, kind, value, begun, weights, batch_first=True, bias=len(weights) > 2)
    return tuple(t.value(squeeze(t, state, [0])) for state in last)


def _placed(t: Tracer, value: Value, place: int) -> tuple[Value, Batch | None]:
    """Check that samples lie where the layer has them; without any there must be one."""
    if value.batch is not None:
        if value.batch != Batch(place):
            raise MixedSamplesError(
                f"{t.source} takes {list(value.shape)}, where axis {place} holds more than the "
                "samples"
            )
        return value, value.batch
    if value.shape[place] != 1:
        raise MixedSamplesError(f"{t.source} runs over {value.shape[place]} sequences as a sample")
    return t.value(squeeze(t, value, [place])), None


def _begun(t: Tracer, state: Traced, batch: Batch | None) -> Traced:
    """Give states as a sample has them, `[cells, size]`."""
    if isinstance(state, Value) and state.batch is not None:
        if batch is None or state.batch != Batch(1):
            raise MixedSamplesError(f"{t.source} begins with states that mix samples")
        return state
    if batch is None:
        return squeeze(t, state, [1])
    return for_each_sample(t, state, 1, Batch(1))
