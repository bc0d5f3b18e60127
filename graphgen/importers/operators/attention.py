"""Attention from queries, keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.alignment import aligned, common_batch
from graphgen.importers.operators.elementwise import function
from graphgen.importers.operators.samples import for_each_sample
from graphgen.importers.operators.shapes import expand, reshape
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer

HIDDEN = -1e30
"""What is at most this in a mask hides a key: the share of its exponential is zero."""


def scaled_dot_product_attention(
    t: Tracer,
    query: Traced,
    key: Traced,
    value: Traced,
    mask: Traced | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    says_what_is_seen: bool = False,
) -> Value:
    """Attend as `torch.nn.functional` does, with a mask that is added to the scores.

    One of booleans, or of 1 and 0 that `says_what_is_seen`, hides the keys where it is false.
    """
    rank = max(len(x.shape) for x in (query, key, value))
    batch = common_batch(t, (query, key, value), rank)
    if batch is not None and batch.axis >= rank - 2 - enable_gqa:
        raise MixedSamplesError(f"{t.source} attends along the axis of the samples")
    q, k, v = (aligned(t, x, rank, batch) for x in (query, key, value))
    if not enable_gqa:
        q, k, v = _of_all_heads(t, (q, k, v), batch)
    queries, keys = q.shape[-2], k.shape[-2]
    if is_causal and queries != keys:
        # PyTorch counts from the first key on: query i sees the keys up to i.
        mask, is_causal = Constant(np.tri(queries, keys, dtype=bool)), False
    fields: dict[str, Any] = {}
    bias: Value | None = None
    if isinstance(mask, Constant):
        seen = _seen(mask.array, queries, keys)
        if seen is not None and seen.all():
            mask = None
        elif (
            seen is not None and queries == keys and np.array_equal(seen, np.tri(keys, dtype=bool))
        ):
            mask, is_causal = None, True
    if mask is not None:
        bias = _bias(t, mask, len(q.shape), batch)
        if says_what_is_seen and not isinstance(mask, Constant):
            bias = _added(t, bias)
    if is_causal:
        fields["is_causal"] = True
    if scale is not None and scale != q.shape[-1] ** -0.5:
        fields["scale"] = float(scale)
    if enable_gqa:
        fields["enable_gqa"] = True
    values = [q, k, v, *([bias] if bias is not None else [])]
    shape = [*q.shape[:-1], v.shape[-1]]
    if batch is not None:
        shape[batch.axis] = max(x.shape[batch.axis] for x in (q, k, v))
    return t.layer("scaled_dot_product_attention", values, tuple(shape), batch, fields)


def _of_all_heads(
    t: Tracer, values: Sequence[Value], batch: Batch | None
) -> tuple[Value, Value, Value]:
    """Repeat what has one item where the others have more, such as the keys of all heads."""
    place = None if batch is None else batch.axis
    front = [max(x.shape[d] for x in values) for d in range(len(values[0].shape) - 2)]
    q, k, v = (
        t.value(expand(t, x, [
            x.shape[d] if d == place else n for d, n in enumerate((*front, *x.shape[-2:]))
        ]))
        for x in values
    )  # fmt: skip
    return q, k, v


def _seen(mask: NDArray[Any], queries: int, keys: int) -> NDArray[np.bool_] | None:
    """Say which key each query sees, where a mask says no more, and for all heads the same."""
    if mask.dtype.kind == "b":
        seen = mask
    elif np.all((mask == 0) | (mask <= HIDDEN)):
        seen = mask == 0
    else:
        return None
    full = np.broadcast_to(seen, np.broadcast_shapes(seen.shape, (queries, keys)))
    first = full.reshape(-1, queries, keys)[0]
    return first if np.array_equal(full, np.broadcast_to(first, full.shape)) else None


def _bias(t: Tracer, mask: Traced, rank: int, batch: Batch | None) -> Value:
    """Give what is added to the scores, with the axes of a sample that it has."""
    full = (1,) * (rank - len(mask.shape)) + tuple(mask.shape)
    if isinstance(mask, Value) and mask.batch is not None:
        placed = Batch(mask.batch.axis + rank - len(mask.shape), mask.batch.outer, mask.batch.inner)
        if placed != batch:
            raise MixedSamplesError(f"{t.source} takes a mask with samples in another place")
        wide = Value(mask.name, full, placed)
        if wide.sample_shape != mask.sample_shape:
            wide = t.layer("reshape", [mask], full, placed, {"shape": list(wide.sample_shape)})
        return wide
    if isinstance(mask, Constant) and mask.array.dtype.kind == "b":
        mask = Constant(np.where(mask.array, 0.0, -np.inf))
    wide_ = reshape(t, mask, full)
    if batch is not None:
        wide_ = for_each_sample(t, wide_, batch.axis, batch)
    return t.value(wide_)


def _added(t: Tracer, mask: Value) -> Value:
    """Give 0 where a mask is 1, minus infinity where it is 0."""
    hidden = function(t, "affine", mask, {"scale": -1, "shift": 1})
    zeros = function(t, "scale_by", mask, {"factor": 0})
    fields = {"value": float("-inf")}
    return t.layer("masked_fill", [zeros, hidden], mask.shape, mask.batch, fields)
