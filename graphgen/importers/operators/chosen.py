"""The k largest items along an axis, as long as each keeps the place that it was chosen from.

Routers of mixtures of experts take the k largest scores, divide them by their sum, and write them
back to their places. What has an axis of the k chosen ones is said here by all items of the axis,
of which those that were not chosen are set to 0 in the end; so the choice moves along with what is
chosen among. Of equal items all are chosen, as in the layer `top_k`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphgen.importers.operators import elementwise, ranking, reductions
from graphgen.importers.traced import Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


@dataclass(frozen=True)
class Chosen:
    """Something about the k largest items of `scores` along `dim`: their places, or numbers.

    `items` has numbers for all items of the axis; those of the others play no part, and are 0 where
    `masked`. None stands for the places themselves.
    """

    scores: Value
    k: int
    dim: int
    items: Value | None
    masked: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in the model: k items along the axis."""
        shape = self.scores.shape
        return (*shape[: self.dim], self.k, *shape[self.dim + 1 :])


def top_k(t: Tracer, x: Traced, k: int, dim: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """Give the k largest items and their places, or what stands for them."""
    if not largest or isinstance(x, Constant):
        return ranking.top_k(t, x, k, dim, largest)
    scores = t.value(x)
    places = Chosen(scores, k, dim % len(scores.shape), None)
    return replace(places, items=_layer(t, "top_k", places, scores), masked=True), places


def in_order(t: Tracer, x: Chosen) -> Traced:
    """Give what stands for k items as k items, from the largest score on."""
    items, places = ranking.top_k(t, x.scores, x.k, x.dim)
    if x.items is None:
        return places
    from graphgen.importers.operators.taking import gather

    return gather(t, x.items, x.dim, places) if x.items is not x.scores else items


def function_of(t: Tracer, apply: Callable[[Value], Traced], x: Chosen) -> Chosen | None:
    """Apply a function of single numbers; None where x is of places."""
    if x.items is None:
        return None
    return replace(x, items=t.value(apply(x.items)), masked=False)


def combined(
    t: Tracer, apply: Callable[[Traced, Traced], Traced], x: Any, y: Any, keeps_zero: bool
) -> Chosen | None:
    """Combine with what is alike for all k items, or with numbers of the same choice."""
    one: Chosen = x if isinstance(x, Chosen) else y
    if any(isinstance(each, Chosen) and not _alike(each, one) for each in (x, y)):
        return None
    if isinstance(x, Chosen) and isinstance(y, Chosen):
        keeps_zero = False
    others = [each for each in (x, y) if not isinstance(each, Chosen)]
    for other in others:
        shape = getattr(other, "shape", ())
        along = len(shape) - len(one.shape) + one.dim
        if along >= 0 and shape[along] != 1:
            return None
    sides: list[Any] = [each.items if isinstance(each, Chosen) else each for each in (x, y)]
    kept = keeps_zero and isinstance(x, Chosen) and x.masked
    return replace(one, items=t.value(apply(*sides)), masked=kept)


def summed(t: Tracer, x: Chosen, keepdim: bool) -> Traced:
    """Give the sum over the k items."""
    return reductions.reduce(t, "sum", masked(t, x), [x.dim], keepdim)


def softmax(t: Tracer, x: Chosen) -> Chosen | None:
    """Give the softmax over the k items."""
    if x.items is None:
        return None
    hidden = elementwise.where(
        t, elementwise.invert(t, mask(t, x)), Constant(np.asarray(-np.inf)), x.items
    )
    value = t.value(hidden)
    fields = {"dim": t.axis(value, x.dim)}
    shares = t.layer("softmax", [value], value.shape, value.batch, fields)
    return replace(x, items=shares, masked=True)


def gathered(t: Tracer, x: Traced, dim: int, places: Chosen) -> Chosen | None:
    """Give the items of another value at the places."""
    if places.items is not None or x.shape != places.scores.shape:
        return None
    if dim % len(x.shape) != places.dim:
        return None
    return replace(places, items=t.value(x), masked=False)


def scattered(t: Tracer, x: Traced, dim: int, places: Any, items: Any) -> Traced | None:
    """Write numbers to the places that they were chosen from, over zeros."""
    if not isinstance(places, Chosen) or places.items is not None:
        return None
    if elementwise.number(x) != 0 or tuple(x.shape) != places.scores.shape:
        return None
    if dim % len(x.shape) != places.dim:
        return None
    if isinstance(items, Chosen):
        return masked(t, items) if _same(items, places) and items.items is not None else None
    value = elementwise.number(items) if not isinstance(items, (Parameter, Value)) else None
    return None if value is None else elementwise.affine(t, mask(t, places), value)


def mask(t: Tracer, x: Chosen) -> Value:
    """Give 1 for the chosen items, 0 for the others."""
    return _layer(t, "top_k_mask", x, x.scores)


def masked(t: Tracer, x: Chosen) -> Value:
    """Give the numbers of the chosen items at their places, 0 for the others."""
    if x.items is None:
        t.refuse("the places of the largest items are added up")
    if x.masked:
        return x.items
    return t.value(elementwise.multiply(t, x.items, mask(t, x)))


def _layer(t: Tracer, layer: str, x: Chosen, value: Value) -> Value:
    fields = {"k": x.k, "dim": t.axis(value, x.dim)}
    return t.layer(layer, [value], value.shape, value.batch, fields)


def _same(x: Chosen, y: Chosen) -> bool:
    return (x.scores, x.k, x.dim) == (y.scores, y.k, y.dim)


def _alike(x: Chosen, y: Chosen) -> bool:
    return _same(x, y) and x.items is not None and y.items is not None
