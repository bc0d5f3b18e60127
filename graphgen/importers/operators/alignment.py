"""Operands with as many axes as their result, the samples of all in one place."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.operators.samples import for_each_sample
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
    return found.pop() if found else _repeated(t, operands, rank)


def _repeated(t: Tracer, operands: Sequence[Traced], rank: int) -> Batch | None:
    """Give the first axis as that of the samples, where constants repeat their items for each.

    So a mask of `[samples, 1, queries, keys]` meets positions `[1, heads, queries, keys]`.
    """
    if not t.samples or t.samples == 1 or not any(isinstance(x, Value) for x in operands):
        return None
    wide = [x for x in operands if len(x.shape) == rank and x.shape[0] == t.samples]
    narrow = all(len(x.shape) < rank or x.shape[0] == 1 for x in operands if x not in wide)
    if not wide or rank < 3 or not narrow or not all(isinstance(x, Constant) for x in wide):
        return None
    arrays = [x.array for x in wide if isinstance(x, Constant)]
    return Batch(0) if all((array == array[:1]).all() for array in arrays) else None


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
    one = t.value(for_each_sample(t, reshape(t, x, full), batch.axis, batch))
    return one if batch.items > 1 else Value(one.name, full, Batch(batch.axis))
