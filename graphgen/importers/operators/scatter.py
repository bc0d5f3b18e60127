"""Items written over those of a value, at constant places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.alignment import aligned
from graphgen.importers.operators.joining import concat
from graphgen.importers.operators.shapes import reshape
from graphgen.importers.operators.taking import index_select
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer

MOST_PLACES = 20_000


def scatter(t: Tracer, x: Traced, places: NDArray[Any], updates: Traced) -> Traced:
    """Write `updates` over x at `places`, which count its items in C order, one for each update.

    Of what is written to one place the last stays.
    """
    if places.size == 0:
        return x
    whole = np.arange(int(np.prod(x.shape)))
    whole[places.ravel()] = whole.size + np.arange(places.size)
    chosen = whole.reshape(x.shape)
    if isinstance(updates, Constant) and isinstance(x, Value) and x.batch is not None:
        found = _alike_in_samples(t, x, places, updates.array.reshape(places.shape))
        if found is not None:
            return found
    added = t.value(reshape(t, updates, places.shape))
    if added.batch is None or (isinstance(x, Value) and x.batch is not None):
        base = t.value(x)
    elif len(added.shape) == len(x.shape):
        base = aligned(t, x, len(x.shape), added.batch)
    else:
        raise MixedSamplesError(f"{t.source} writes what a sample has over what none has")
    sides, chosen = _of_one_sample(t, base, added, chosen)
    return _placed(t, base, sides, chosen)


def _alike_in_samples(
    t: Tracer, x: Value, places: NDArray[Any], updates: NDArray[Any]
) -> Traced | None:
    """Write constants that are the same for each sample, of which one axis has them all."""
    labels = _labels(x, t.samples or 1).ravel()[places]
    sample, local = labels // SPAN, labels % SPAN
    for axis, size in enumerate(places.shape):
        line = np.arange(size).reshape(-1, *(1,) * (places.ndim - axis - 1))
        if size != t.samples or (sample != line).any():
            continue
        one, own = local.take([0], axis), updates.take([0], axis)
        if (local == one).all() and (updates == own).all():
            bare = _bare(x)
            chosen = np.arange(base_size(bare))
            chosen[one.ravel()] = chosen.size + np.arange(one.size)
            added = t.value(Constant(own.squeeze(axis)))
            return _placed(t, x, [bare, added], chosen.reshape(bare.shape))
    return None


def _of_one_sample(
    t: Tracer, base: Value, added: Value, chosen: NDArray[Any]
) -> tuple[list[Value], NDArray[Any]]:
    """Give both values as one sample has them, and which of their items the result takes."""
    if base.batch is None and added.batch is None:
        return [base, added], chosen
    samples = t.samples or 1
    labels = np.concatenate([_labels(each, samples).ravel() for each in (base, added)])
    sample, local = labels[chosen] // SPAN, labels[chosen] % SPAN
    own = _labels(base, samples) // SPAN if base.batch else np.zeros(base.shape, dtype=int)
    if ((sample != own) & (sample != ANY)).any():
        raise MixedSamplesError(f"{t.source} writes from one sample to another")
    count = int(np.prod(base.sample_shape))
    local = np.where(chosen >= base_size(base), local + count, local)
    one = _sample(base, local, samples)
    return [_bare(base), _bare(added)], one


def base_size(x: Value) -> int:
    """Count the items of a value in the model's shape."""
    return int(np.prod(x.shape))


SPAN = 2**40
ANY = 2**20


def _cut(x: Value, samples: int) -> tuple[int, ...]:
    batch = x.batch or Batch(0)
    axis = batch.axis
    return (*x.shape[:axis], batch.outer, samples, batch.inner, *x.shape[axis + 1 :])


def _labels(x: Value, samples: int) -> NDArray[Any]:
    """Label each item by its sample and by its place in that sample."""
    if x.batch is None:
        return np.arange(base_size(x)).reshape(x.shape) + ANY * SPAN
    cut = _cut(x, samples)
    axis = x.batch.axis + 1
    local = np.arange(int(np.prod(x.sample_shape))).reshape(*cut[:axis], 1, *cut[axis + 1 :])
    number = np.arange(samples).reshape(samples, *(1,) * (len(cut) - axis - 1))
    return np.broadcast_to(local + number * SPAN, cut).reshape(x.shape)


def _sample(x: Value, array: NDArray[Any], samples: int) -> NDArray[Any]:
    if x.batch is None:
        return array
    cut = array.reshape(_cut(x, samples))
    first = cut.take(0, axis=x.batch.axis + 1)
    if (np.moveaxis(cut, x.batch.axis + 1, 0) != first).any():
        raise MixedSamplesError("items are written to other places in each sample")
    result: NDArray[Any] = first.reshape(x.sample_shape)
    return result


def _bare(x: Value) -> Value:
    return Value(x.name, x.sample_shape, None)


def _placed(t: Tracer, base: Value, sides: list[Value], chosen: NDArray[Any]) -> Traced:
    """Take the items of two values that lie one after the other, along one axis if that goes."""
    x, added = sides
    count = base_size(x)
    for axis in range(chosen.ndim):
        if len(added.shape) == chosen.ndim and all(
            a == b for d, (a, b) in enumerate(zip(x.shape, added.shape, strict=True)) if d != axis
        ):
            both = np.concatenate(
                [np.arange(count).reshape(x.shape), count + np.arange(base_size(added)).reshape(
                    added.shape)], axis)  # fmt: skip
            turned = np.moveaxis(both, axis, 0).reshape(both.shape[axis], -1)
            wanted = np.moveaxis(chosen, axis, 0).reshape(chosen.shape[axis], -1)
            places = {int(row[0]): place for place, row in enumerate(turned)}
            index = np.array([places.get(int(row[0]), -1) for row in wanted])
            if (index >= 0).all() and (turned[index] == wanted).all():
                joined = concat(t, [x, added], axis)
                return _again(t, base, index_select(t, joined, axis, index))
    if chosen.size > MOST_PLACES:
        t.refuse(f"it writes items over {list(base.shape)} one by one")
    flat = concat(t, [reshape(t, x, (-1,)), reshape(t, added, (-1,))], 0)
    taken = index_select(t, flat, 0, chosen.ravel())
    return _again(t, base, reshape(t, taken, x.shape))


def _again(t: Tracer, base: Value, made: Traced) -> Value:
    return Value(t.value(made).name, base.shape, base.batch)
