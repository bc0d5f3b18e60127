"""Operands with as many axes as their result, the samples of all in one place."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.operators.shapes import reshape, reshaped
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer


def common_batch(t: Tracer, operands: Sequence[Traced], rank: int) -> Batch | None:
    """Give the place of the samples in what operands are broadcast to, which must be one."""
    found = {
        Batch(x.batch.axis + rank - len(x.shape), x.batch.outer, x.batch.inner)
        for x in operands
        if isinstance(x, Value) and x.batch is not None
    }
    if len(found) > 1:
        raise MixedSamplesError(f"{t.source} combines values that have the samples in two places")
    return found.pop() if found else None


def aligned(t: Tracer, x: Traced, rank: int, batch: Batch | None) -> Value:
    """Give an operand of `rank` axes, whose sample has the axes that the result's sample has.

    What does not depend on the sample is read as one that is alike in all.
    """
    full = (1,) * (rank - len(x.shape)) + tuple(x.shape)
    if isinstance(x, Value) and x.batch is not None:
        shifted = Batch(x.batch.axis + rank - len(x.shape), x.batch.outer, x.batch.inner)
        return reshaped(t, x, full, shifted)
    if batch is None:
        return t.value(reshape(t, x, full))
    one = _of_one_sample(t, x, full, batch)
    if batch.items > 1:
        return t.value(one)
    bare = full[: batch.axis] + full[batch.axis + 1 :]
    value = t.value(reshape(t, one, bare))
    return Value(value.name, full, Batch(batch.axis))


def _of_one_sample(t: Tracer, x: Traced, full: tuple[int, ...], batch: Batch) -> Traced:
    """Give what lies along one sample, of an operand that may have been repeated for each."""
    wide = reshape(t, x, full)
    length, samples = full[batch.axis], t.samples or 1
    if length in (1, batch.items) and (length == 1 or batch.items > 1):
        return wide
    if isinstance(wide, Constant) and length == batch.items * samples:
        cut = wide.array.reshape(
            *full[: batch.axis], batch.outer, samples, batch.inner, *full[batch.axis + 1 :]
        )
        first = cut.take([0], axis=batch.axis + 1)
        if (cut == first).all():
            shape = (*full[: batch.axis], batch.items, *full[batch.axis + 1 :])
            return Constant(first.reshape(shape))
    raise MixedSamplesError(f"{t.source} reads numbers that differ between samples")
