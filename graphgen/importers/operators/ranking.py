"""What depends on the order of items along an axis, and sums up to each."""

from __future__ import annotations

import numpy as np

from graphgen.importers.operators import elementwise
from graphgen.importers.operators.joining import concat
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer

MOST_CHOSEN = 64


def top_k(t: Tracer, x: Traced, k: int, dim: int, largest: bool = True) -> tuple[Traced, Traced]:
    """Give the k largest or smallest items along an axis in order, and their places.

    Each is found after the ones before it are set aside; of equal ones the first comes first.
    """
    if k > MOST_CHOSEN:
        t.refuse(f"the {k} first of {list(x.shape)} in order, expected at most {MOST_CHOSEN}")
    value = t.value(x)
    dim = dim % len(value.shape)
    axis = t.axis(value, dim)
    gone = Constant(np.asarray(-np.inf if largest else np.inf))
    layer = "argmax" if largest else "argmin"
    one = (*value.shape[:dim], 1, *value.shape[dim + 1 :])
    left: Traced = value
    items, places = [], []
    for turn in range(k):
        place = t.layer(layer, [t.value(left)], one, value.batch, {"dim": axis, "keepdim": True})
        items.append(t.layer("gather", [value, place], one, value.batch, {"dim": axis}))
        places.append(place)
        if turn < k - 1:
            numbers = np.arange(value.shape[dim]).reshape(-1, *(1,) * (len(one) - dim - 1))
            taken = elementwise.compare(t, "eq", place, Constant(numbers))
            left = elementwise.where(t, taken, gone, left)
    return concat(t, items, dim), concat(t, places, dim)


def cumsum(t: Tracer, x: Traced, dim: int) -> Traced:
    """Give the sum of all items up to each."""
    if isinstance(x, Constant):
        return Constant(np.cumsum(x.array, dim))
    value = t.value(x)
    return t.layer("cumsum", [value], value.shape, value.batch, {"dim": t.axis(value, dim)})
