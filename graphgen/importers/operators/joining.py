"""Values put side by side, turned, moved on, repeated, and surrounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphgen.importers.operators.alignment import aligned, common_batch
from graphgen.importers.operators.repeated import for_all_samples
from graphgen.importers.operators.shapes import reshape, unsqueeze, viewed, with_size
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer


def concat(t: Tracer, parts: Sequence[Traced], dim: int) -> Traced:
    """Put values one after the other along an axis; what has no items adds nothing."""
    there = [x for x in parts if 0 not in x.shape] or list(parts[:1])
    if len(there) == 1:
        return there[0]
    rank = len(there[0].shape)
    dim = dim % rank
    if all(isinstance(x, Constant) for x in there):
        return Constant(np.concatenate([x.array for x in there if isinstance(x, Constant)], dim))
    batch = common_batch(t, there, rank)
    sides = [aligned(t, x, rank, batch) for x in there]
    shape = list(there[0].shape)
    if batch is not None:
        known = next(x for x in there if isinstance(x, Value) and x.batch is not None)
        shape[batch.axis] = known.shape[batch.axis]
    shape[dim] = sum(x.shape[dim] for x in there)
    wide = Value("", tuple(shape), batch)
    axis = t.axis(wide, dim)
    return t.layer("concat", sides, tuple(shape), batch, {"dim": axis})


def stack(t: Tracer, parts: Sequence[Traced], dim: int) -> Traced:
    """Put values of one shape side by side, along an axis of their own."""
    return concat(t, [unsqueeze(t, x, dim) for x in parts], dim)


def flip(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    """Turn the order of the items along axes."""
    axes = sorted({d % len(x.shape) for d in dims})
    if not isinstance(x, Value):
        return viewed(x, np.flip(x.array, tuple(axes)))
    axes = [d for d in axes if x.shape[d] > 1]
    if not axes:
        return x
    return t.layer("flip", [x], x.shape, x.batch, {"dims": [t.axis(x, d) for d in axes]})


def roll(t: Tracer, x: Traced, shifts: Sequence[int], dims: Sequence[int]) -> Traced:
    """Move items along axes on, the last ones to the front."""
    if not dims:
        (shift,) = shifts
        flat = roll(t, reshape(t, x, (-1,)), [shift], [0])
        return reshape(t, flat, x.shape)
    if isinstance(x, Constant):
        return Constant(np.roll(x.array, tuple(shifts), tuple(dims)))
    value = t.value(x)
    pairs = [
        (shift % value.shape[d], t.axis(value, d))
        for shift, d in zip(shifts, dims, strict=True)
        if shift % value.shape[d]
    ]
    if not pairs:
        return x
    fields = {"shifts": [shift for shift, _ in pairs], "dims": [axis for _, axis in pairs]}
    return t.layer("roll", [value], value.shape, value.batch, fields)


def tile(t: Tracer, x: Traced, times: Sequence[int]) -> Traced:
    """Put axes so many times behind themselves, from the last axis on, as `torch.tile`."""
    rank = max(len(times), len(x.shape))
    times = (1,) * (rank - len(times)) + tuple(times)
    wide = x
    for _ in range(rank - len(x.shape)):
        wide = unsqueeze(t, wide, 0)
    if 0 in times:
        t.refuse("it repeats something 0 times")
    if isinstance(wide, Constant):
        return Constant(np.tile(wide.array, times))
    for dim, count in enumerate(times):
        if count > 1:
            wide = _tiled(t, t.value(wide), dim, count)
    return wide


def _tiled(t: Tracer, x: Value, dim: int, count: int) -> Traced:
    samples = t.samples
    if x.batch is None and samples and samples > 1 and count == samples:
        return for_all_samples(t, x, Batch(dim, 1, x.shape[dim]))
    axis = t.axis(x, dim)
    shape = with_size(x, dim, x.shape[dim] * count)
    sample = Value("", shape, x.batch).sample_shape
    if x.shape[dim] == 1:
        return t.layer("expand", [x], shape, x.batch, {"shape": list(sample)})
    dims = [count if place == axis - 1 else 1 for place in range(len(sample))]
    return t.layer("tile", [x], shape, x.batch, {"dims": dims[axis - 1 :]})


def repeat_interleave(t: Tracer, x: Traced, repeats: int, dim: int) -> Traced:
    """Give each item along an axis so many times, one after the other."""
    dim = dim % len(x.shape)
    if isinstance(x, Constant):
        return Constant(np.repeat(x.array, repeats, dim))
    value = t.value(x)
    if repeats == 1:
        return value
    if value.batch is None and repeats == t.samples:
        return for_all_samples(t, value, Batch(dim, value.shape[dim], 1))
    fields = {"repeats": repeats, "dim": t.axis(value, dim)}
    shape = with_size(value, dim, value.shape[dim] * repeats)
    return t.layer("repeat_interleave", [value], shape, value.batch, fields)


def pad(
    t: Tracer,
    x: Traced,
    around: Sequence[tuple[int, int]],
    mode: str = "constant",
    value: float = 0.0,
) -> Traced:
    """Put items before and behind those of each axis, by a mode of the layer `pad`.

    Negative numbers take items away.
    """
    if not any(before or behind for before, behind in around):
        return x
    whole = t.value(x)
    shape = tuple(n + sum(pair) for n, pair in zip(whole.shape, around, strict=True))
    if min(shape) < 1:
        t.refuse(f"padding of {[list(pair) for pair in around]} leaves nothing of "
                 f"{list(whole.shape)}")  # fmt: skip
    pairs = {t.axis(whole, d): pair for d, pair in enumerate(around) if any(pair)}
    first = min(pairs)
    rank = len(whole.sample_shape)
    numbers = [n for axis in range(rank, first - 1, -1) for n in pairs.get(axis, (0, 0))]
    fields: dict[str, object] = {"pad": numbers}
    if mode == "constant" and not np.isfinite(value):
        plain = t.layer("pad", [whole], shape, whole.batch, fields)
        edge = [pairs.get(axis, (0, 0)) for axis in range(1, rank + 1)]
        edge = [(max(before, 0), max(behind, 0)) for before, behind in edge]
        kept = [n + min(a, 0) + min(b, 0) if any(pair) else 1 for n, pair, (a, b) in zip(
            whole.sample_shape, edge, [pairs.get(axis, (0, 0)) for axis in range(1, rank + 1)],
            strict=True)]  # fmt: skip
        inside = np.zeros(kept, np.int64)
        mask = t.value(Constant(np.pad(inside, edge, constant_values=1)))
        return t.layer("masked_fill", [plain, mask], shape, whole.batch, {"value": value})
    if mode != "constant":
        fields["mode"] = mode
    elif value:
        fields["value"] = value
    return t.layer("pad", [whole], shape, whole.batch, fields)
