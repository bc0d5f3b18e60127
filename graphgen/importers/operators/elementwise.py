"""Functions of single numbers, and what combines several values item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators.alignment import aligned, common_batch
from graphgen.importers.operators.repeated import Repeated, repeated_axis
from graphgen.importers.traced import Constant, Traced, Value
from graphgen.importers.tracer import Tracer


def function(t: Tracer, layer: str, x: Traced, fields: Mapping[str, Any] | None = None) -> Value:
    """Apply a layer that acts on each number alone."""
    value = t.value(x)
    return t.layer(layer, [value], value.shape, value.batch, fields)


def combine(t: Tracer, layer: str, operands: Sequence[Traced]) -> Value:
    """Combine values item by item by a layer such as `add`, with numpy's rules of broadcasting."""
    shape = broadcast(t, operands)
    once = _alike(t, operands, len(shape))
    if once is not None:
        return once.for_all(t, combine(t, layer, once.once(t, operands)), once.letter)
    batch = common_batch(t, operands, len(shape))
    values = []
    for place, x in enumerate(operands):
        value = number(x)
        others = [*operands[:place], *operands[place + 1 :]]
        if value is not None and len(operands) > 1 and broadcast(t, others) == shape:
            values.append(t.value(Constant(np.asarray(value))))
        elif not x.shape:
            values.append(t.value(x))
        else:
            values.append(aligned(t, x, len(shape), batch))
    return t.layer(layer, values, shape, batch)


def _alike(t: Tracer, operands: Sequence[Traced], rank: int) -> Repeated | None:
    words = [range(rank - len(x.shape), rank) for x in operands]
    return repeated_axis(t, words, range(rank), operands)


def broadcast(t: Tracer, operands: Sequence[Traced]) -> tuple[int, ...]:
    """Give the shape to which operands are broadcast."""
    try:
        return np.broadcast_shapes(*(x.shape for x in operands))
    except ValueError:
        shapes = " and ".join(str(list(x.shape)) for x in operands)
        t.refuse(f"shapes {shapes} do not go together")


def affine(t: Tracer, x: Traced, scale: float = 1.0, shift: float = 0.0) -> Traced:
    """Give `scale x + shift`, x itself where that is x."""
    if (scale, shift) == (1, 0):
        return x
    if not shift:
        return function(t, "scale_by", x, {"factor": scale})
    if scale == 1:
        return function(t, "shift_by", x, {"value": shift})
    return function(t, "affine", x, {"scale": scale, "shift": shift})


def add(t: Tracer, x: Traced, y: Traced, alpha: float = 1.0) -> Traced:
    """Give `x + alpha y`."""
    for one, other, scale, factor in ((y, x, 1.0, alpha), (x, y, alpha, 1.0)):
        value = _number_beside(t, one, other)
        if value is not None and np.isfinite(value):
            return affine(t, other, scale, factor * value)
    if alpha == -1 and not isinstance(y, Constant):
        return combine(t, "subtract", [x, y])
    return combine(t, "add", [x, affine(t, y, alpha) if alpha != 1 else y])


def subtract(t: Tracer, x: Traced, y: Traced, alpha: float = 1.0) -> Traced:
    """Give `x - alpha y`."""
    return add(t, x, y, -alpha)


def multiply(t: Tracer, x: Traced, y: Traced) -> Traced:
    """Give the product."""
    for one, other in ((y, x), (x, y)):
        value = _number_beside(t, one, other)
        if value is not None and np.isfinite(value):
            return affine(t, other, value)
    return combine(t, "multiply", [x, y])


def divide(t: Tracer, x: Traced, y: Traced) -> Traced:
    """Give the quotient of real numbers."""
    value = _number_beside(t, y, x)
    if value is not None and value and np.isfinite(value):
        return affine(t, x, 1.0 / value)
    value = _number_beside(t, x, y)
    if value is not None and np.isfinite(value):
        return affine(t, function(t, "reciprocal", y), value)
    return combine(t, "divide", [x, y])


def maximum(t: Tracer, x: Traced, y: Traced) -> Traced:
    """Give the larger of two."""
    return _extreme(t, "maximum", "min", x, y)


def minimum(t: Tracer, x: Traced, y: Traced) -> Traced:
    """Give the smaller of two."""
    return _extreme(t, "minimum", "max", x, y)


def clamp(t: Tracer, x: Traced, low: Traced | None, high: Traced | None) -> Traced:
    """Give x between limits, of which one may be missing; `high` where they are crossed."""
    numbers = [None if each is None else _number_beside(t, each, x) for each in (low, high)]
    known = all((each is None) == (n is None) for each, n in zip((low, high), numbers, strict=True))
    if known:
        limits = {
            word: n
            for word, n in zip(("min", "max"), numbers, strict=True)
            if n is not None and np.isfinite(n)
        }
        if limits == {"min": 0.0}:
            return function(t, "relu", x)
        return function(t, "clamp", x, limits) if limits else x
    x = x if low is None else maximum(t, x, low)
    return x if high is None else minimum(t, x, high)


def power(t: Tracer, x: Traced, exponent: Traced) -> Traced:
    """Give x to a power, a number; or a positive number to a power that is computed."""
    value = _number_beside(t, exponent, x)
    if value is not None:
        named = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
        if value == 1:
            return x
        if value in named:
            return function(t, named[value], x)
        return function(t, "power", x, {"exponent": value})
    base = _number_beside(t, x, exponent)
    if base is not None and base > 0:
        return function(t, "exp", affine(t, exponent, float(np.log(base))))
    if isinstance(exponent, Constant):
        return _powers(t, x, exponent)
    t.refuse("the exponent is computed, and the base is no positive number")


def _powers(t: Tracer, x: Traced, exponent: Constant) -> Traced:
    """Give powers of several exponents: each for the items where it is meant."""
    each = sorted(set(exponent.array.ravel().tolist()))
    if len(each) > MOST_EXPONENTS:
        t.refuse(f"{len(each)} different exponents, expected at most {MOST_EXPONENTS}")
    found: Traced | None = None
    for value in each:
        one = power(t, x, Constant(np.asarray(value)))
        mask = Constant((exponent.array == value).astype(np.int64))
        found = one if found is None else where(t, mask, one, found)
    if found is None:
        t.refuse("there is no exponent")
    shape = broadcast(t, [x, exponent])
    return found if found.shape == shape else combine(t, "add", [found, Constant(np.zeros(shape))])


MOST_EXPONENTS = 8


def compare(t: Tracer, word: str, x: Traced, y: Traced) -> Traced:
    """Give 1 where x compares so with y, by `eq`, `ne`, `lt`, `le`, `gt` or `ge`; 0 elsewhere."""
    turned = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(word, word)
    for how, one, other in ((word, y, x), (turned, x, y)):
        value = _number_beside(t, one, other)
        if value is not None and np.isnan(value):
            t.refuse("it compares with what is no number")
        if value is not None:
            how, value = _with_finite(how, value)
            return function(t, how, t.value(other), {"other": value})
    return combine(t, word, [x, y])


FARTHEST = float(np.finfo(np.float32).max)


def _with_finite(word: str, value: float) -> tuple[str, float]:
    """Compare with a finite number, beyond which there are infinite ones alone.

    >>> _with_finite("eq", float("-inf"))[0]
    'lt'
    """
    if np.isfinite(value):
        return word, value
    if value > 0:
        return {"eq": "gt", "ge": "gt", "ne": "le", "lt": "le"}.get(word, word), FARTHEST
    return {"eq": "lt", "le": "lt", "ne": "ge", "gt": "ge"}.get(word, word), -FARTHEST


def where(t: Tracer, condition: Traced, x: Traced, y: Traced) -> Traced:
    """Give x where the condition is not 0, y elsewhere."""
    if isinstance(condition, Constant):
        shape = broadcast(t, [condition, x, y])
        for chosen, all_so in ((x, condition.array.all()), (y, not condition.array.any())):
            if all_so and chosen.shape == shape:
                return chosen
    filled = number(x)
    if filled is not None and not np.isnan(filled) and not isinstance(y, Constant):
        whole = broadcast(t, [condition, x, y])
        if broadcast(t, [condition, y]) == whole:
            return _masked_fill(t, y, condition, filled)
    return combine(t, "where", [condition, x, y])


def _masked_fill(t: Tracer, x: Traced, mask: Traced, value: float) -> Value:
    shape = broadcast(t, [x, mask])
    once = _alike(t, [x, mask], len(shape))
    if once is not None:
        x, mask = once.once(t, [x, mask])
        return once.for_all(t, _masked_fill(t, x, mask, value), once.letter)
    batch = common_batch(t, [x, mask], len(shape))
    values = [aligned(t, each, len(shape), batch) for each in (x, mask)]
    return t.layer("masked_fill", values, shape, batch, {"value": value})


def invert(t: Tracer, x: Traced) -> Traced:
    """Give 1 for 0 and 0 for 1."""
    return affine(t, x, -1.0, 1.0)


def logical(t: Tracer, word: str, x: Traced, y: Traced) -> Traced:
    """Combine two of 0 or 1 by `and`, `or` or `xor`."""
    if word == "and":
        return combine(t, "multiply", [x, y])
    return combine(t, "maximum" if word == "or" else "ne", [x, y])


def truth(t: Tracer, x: Traced) -> Traced:
    """Give 1 for what is not 0."""
    if isinstance(x, Constant):
        return Constant(x.array != 0)
    return function(t, "ne", x, {"other": 0.0})


def _extreme(t: Tracer, layer: str, limit: str, x: Traced, y: Traced) -> Traced:
    for one, other in ((y, x), (x, y)):
        value = _number_beside(t, one, other)
        if value is not None and np.isfinite(value):
            if limit == "min" and value == 0:
                return function(t, "relu", other)
            return function(t, "clamp", other, {limit: value})
    return combine(t, layer, [x, y])


def _number_beside(t: Tracer, x: Traced, other: Traced) -> float | None:
    """Give the one number that a constant holds, where the other operand has the whole shape."""
    value = number(x)
    if value is None or isinstance(other, Constant):
        return None
    return value if broadcast(t, [x, other]) == tuple(other.shape) else None


def number(x: Traced | float) -> float | None:
    """Give the one number that a constant holds, all of whose items may be alike; or None."""
    if isinstance(x, (int, float)):
        return float(x)
    if not isinstance(x, Constant) or not x.array.size or x.array.dtype.kind not in "fiub":
        return None
    first = x.array.flat[0]
    if x.array.dtype == np.float32:
        first = float(str(first))  # as it was written, of the fewest digits
    return float(first) if x.array.size == 1 or (x.array == first).all() else None
