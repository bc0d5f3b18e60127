"""Arithmetic, comparisons and choices of several values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators import elementwise as each
from graphgen.importers.operators.shapes import expand
from graphgen.importers.torch.operators.made import spectral_norm
from graphgen.importers.torch.operators.registry import aten, traced
from graphgen.importers.torch.reading import BOOLEAN, INTEGER, Reading
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer


@aten("add")
def add(t: Reading, x: Any, y: Any, *, alpha: float = 1) -> Traced:
    if t.kind() == BOOLEAN:
        return each.logical(t, "or", traced(x), traced(y))
    return each.add(t, traced(x), traced(y), float(alpha))


@aten("sub", "subtract")
def sub(t: Tracer, x: Any, y: Any, *, alpha: float = 1) -> Traced:
    return each.subtract(t, traced(x), traced(y), float(alpha))


@aten("rsub")
def rsub(t: Tracer, x: Any, y: Any, alpha: float = 1) -> Traced:
    return each.subtract(t, traced(y), traced(x), float(alpha))


@aten("mul", "multiply")
def mul(t: Tracer, x: Any, y: Any) -> Traced:
    return each.multiply(t, traced(x), traced(y))


@aten("div", "divide", "true_divide")
def div(t: Reading, x: Any, y: Any, *, rounding_mode: str | None = None) -> Traced:
    if rounding_mode is not None:
        t.refuse("it rounds, which the language has no layer for")
    result = each.divide(t, traced(x), traced(y))
    spectral_norm(t, traced(x), result, t.known)
    return result


@aten("addcmul")
def addcmul(t: Tracer, x: Traced, one: Traced, other: Traced, *, value: float = 1) -> Traced:
    return each.add(t, x, each.multiply(t, one, other), float(value))


@aten("addcdiv")
def addcdiv(t: Tracer, x: Traced, one: Traced, other: Traced, *, value: float = 1) -> Traced:
    return each.add(t, x, each.divide(t, one, other), float(value))


@aten("xlogy", "special_xlogy")
def xlogy(t: Tracer, x: Any, y: Any) -> Traced:
    one, other = traced(x), traced(y)
    product = each.multiply(t, one, each.function(t, "log", other))
    return each.where(t, each.compare(t, "eq", one, traced(0.0)), traced(0.0), product)


@aten("lerp")
def lerp(t: Tracer, x: Traced, end: Traced, weight: Any) -> Traced:
    return each.add(t, x, each.multiply(t, each.subtract(t, end, x), traced(weight)))


@aten("maximum", "fmax")
def maximum(t: Tracer, x: Traced, y: Traced) -> Traced:
    return each.maximum(t, x, y)


@aten("minimum", "fmin")
def minimum(t: Tracer, x: Traced, y: Traced) -> Traced:
    return each.minimum(t, x, y)


@aten("clamp", "clip")
def clamp(t: Tracer, x: Traced, min: Any = None, max: Any = None) -> Traced:
    low, high = (None if limit is None else traced(limit) for limit in (min, max))
    return each.clamp(t, x, low, high)


@aten("clamp_min")
def clamp_min(t: Tracer, x: Traced, limit: Any) -> Traced:
    return each.clamp(t, x, traced(limit), None)


@aten("clamp_max")
def clamp_max(t: Tracer, x: Traced, limit: Any) -> Traced:
    return each.clamp(t, x, None, traced(limit))


@aten("where")
def where(t: Tracer, condition: Traced, x: Any, y: Any) -> Traced:
    return each.where(t, condition, traced(x), traced(y))


@aten("masked_fill")
def masked_fill(t: Tracer, x: Traced, mask: Traced, value: Any) -> Traced:
    return each.where(t, mask, traced(value), x)


def _comparison(word: str) -> Any:
    def compare(t: Tracer, x: Any, y: Any) -> Traced:
        return each.compare(t, word, traced(x), traced(y))

    return compare


for _word, _names in {
    "eq": ["eq"], "ne": ["ne", "not_equal"], "lt": ["lt", "less"], "le": ["le", "less_equal"],
    "gt": ["gt", "greater"], "ge": ["ge", "greater_equal"],
}.items():  # fmt: skip
    aten(*_names)(_comparison(_word))


def _truth(t: Reading, x: Any, place: int) -> Traced:
    return traced(x) if t.kind(place) == BOOLEAN else each.truth(t, traced(x))


def _logical(word: str) -> Any:
    def combine(t: Reading, x: Any, y: Any) -> Traced:
        return each.logical(t, word, _truth(t, x, 0), _truth(t, y, 1))

    return combine


def _bitwise(word: str) -> Any:
    def combine(t: Reading, x: Any, y: Any) -> Traced:
        if t.kind() != BOOLEAN:
            t.refuse("it works on the bits of integers")
        return each.logical(t, word, traced(x), traced(y))

    return combine


for _word in ("and", "or", "xor"):
    aten(f"logical_{_word}")(_logical(_word))
    aten(f"bitwise_{_word}", f"__{_word}__")(_bitwise(_word))


@aten("logical_not")
def logical_not(t: Reading, x: Traced) -> Traced:
    return each.invert(t, _truth(t, x, 0))


@aten("bitwise_not")
def bitwise_not(t: Reading, x: Traced) -> Traced:
    if t.kind() == INTEGER:
        return each.affine(t, x, -1.0, -1.0)
    return each.invert(t, x)


@aten("_add_relu")
def add_relu(t: Tracer, x: Traced, y: Traced) -> Traced:
    return each.function(t, "relu", each.add(t, x, y))


@aten("broadcast_tensors")
def broadcast_tensors(t: Tracer, values: Sequence[Traced]) -> list[Traced]:
    shape = each.broadcast(t, values)
    return [expand(t, x, shape) for x in values]


@aten("tril")
def tril(t: Tracer, x: Traced, diagonal: int = 0) -> Traced:
    return _kept(t, x, np.tri(x.shape[-2], x.shape[-1], diagonal, dtype=bool))


@aten("triu")
def triu(t: Tracer, x: Traced, diagonal: int = 0) -> Traced:
    return _kept(t, x, ~np.tri(x.shape[-2], x.shape[-1], diagonal - 1, dtype=bool))


def _kept(t: Tracer, x: Traced, mask: Any) -> Traced:
    """Give the items that a mask keeps, 0 for the others, whatever these are."""
    return each.where(t, Constant(~mask), traced(0.0), x)
