"""Functions of single numbers, and sums, products and comparisons of several values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators.shapes import reshape
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer


def function(t: Tracer, layer: str, x: Traced, fields: Mapping[str, Any] | None = None) -> Value:
    """Apply a layer that acts on each number alone."""
    value = t.value(x)
    return t.layer(layer, [value], value.shape, value.batch, fields)


def combine(t: Tracer, layer: str, operands: Sequence[Traced]) -> Value:
    """Combine values item by item by a layer such as `add`, with numpy's rules of broadcasting."""
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    rank = len(shape)
    batch = common_batch(t, operands, shape)
    values = []
    for x in operands:
        if len(x.shape) == 0 and not isinstance(x, Value):
            values.append(t.value(x))
            continue
        wide = _aligned(t, x, rank, batch)
        values.append(wide)
    return t.layer(layer, values, shape, batch)


def common_batch(t: Tracer, operands: Sequence[Traced], shape: Sequence[int]) -> Batch | None:
    """Give the place of the samples in what operands are broadcast to, which must be one."""
    rank = len(shape)
    found = {
        Batch(x.batch.axis + rank - len(x.shape), x.batch.outer, x.batch.inner)
        for x in operands
        if isinstance(x, Value) and x.batch is not None
    }
    if len(found) > 1:
        raise MixedSamplesError(f"{t.source} combines values that have the samples in two places")
    return found.pop() if found else None


def _aligned(t: Tracer, x: Traced, rank: int, batch: Batch | None) -> Value:
    """Give an operand as many axes as the result has, those of samples left out alike."""
    full = (1,) * (rank - len(x.shape)) + tuple(x.shape)
    if isinstance(x, Value) and x.batch is not None:
        shifted = Batch(x.batch.axis + rank - len(x.shape), x.batch.outer, x.batch.inner)
        wide = Value(x.name, full, shifted)
        if wide.sample_shape != x.sample_shape:
            return t.layer("reshape", [x], full, shifted, {"shape": list(wide.sample_shape)})
        return wide
    if batch is None:
        return t.value(reshape(t, x, full))
    if full[batch.axis] not in (1, batch.items):
        raise MixedSamplesError(f"{t.source} reads a constant that differs between samples")
    if batch.items > 1:
        return t.value(reshape(t, x, full))
    # What does not depend on the sample has no axis of samples, not even one of one.
    bare = full[: batch.axis] + full[batch.axis + 1 :]
    value = t.value(reshape(t, x, bare))
    return Value(value.name, full, Batch(batch.axis)) if value.batch is None else value


def number(x: Traced) -> float | None:
    """Give the one number that a constant holds, or None."""
    if isinstance(x, Constant) and x.array.size == 1:
        return float(x.array.reshape(()))
    return None
