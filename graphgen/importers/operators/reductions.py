"""Statistics over whole axes: sums, means, maxima, norms, products, and the places of maxima."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from graphgen.importers.operators import elementwise, joining, taking
from graphgen.importers.operators.shapes import squeeze
from graphgen.importers.traced import Batch, Constant, Traced, Value
from graphgen.importers.tracer import Tracer


def reduce(
    t: Tracer, layer: str, x: Traced, dims: Sequence[int] | None, keepdim: bool = False
) -> Traced:
    """Apply `sum`, `mean`, `amax` or `logsumexp` over axes; over all where none is named."""
    value = t.value(x)
    axes = _axes(value, dims)
    if not axes:
        return value
    counted = sorted(t.axis(value, d) for d in axes)
    shape, batch = _reduced(value, axes, keepdim)
    return t.layer(layer, [value], shape, batch, {"dim": counted, "keepdim": keepdim})


def amin(t: Tracer, x: Traced, dims: Sequence[int] | None, keepdim: bool = False) -> Traced:
    """Give the minimum over axes."""
    turned = elementwise.affine(t, x, -1.0)
    return elementwise.affine(t, reduce(t, "amax", turned, dims, keepdim), -1.0)


def product(t: Tracer, x: Traced, dims: Sequence[int] | None, keepdim: bool = False) -> Traced:
    """Give the product over axes, item by item."""
    found = x
    axes = _axes(x, dims)
    if prod(x.shape[d] for d in axes) > MOST_FACTORS:
        t.refuse(f"a product of more than {MOST_FACTORS} items")
    for dim in axes:
        t.axis(t.value(found), dim)
        parts = [taking.narrow(t, found, dim, i, 1) for i in range(found.shape[dim])]
        found = elementwise.combine(t, "multiply", parts) if len(parts) > 1 else parts[0]
    return found if keepdim or not axes else squeeze(t, found, axes)


MOST_FACTORS = 64


def variance(
    t: Tracer,
    x: Traced,
    dims: Sequence[int] | None,
    keepdim: bool = False,
    correction: float = 1.0,
) -> Traced:
    """Give the mean square distance from the mean, of n items divided by `n - correction`."""
    axes = _axes(x, dims)
    count = prod(x.shape[d] for d in axes)
    if count <= correction:
        t.refuse(f"a variance of {count} items, divided by {count - correction:g}")
    apart = elementwise.subtract(t, x, reduce(t, "mean", x, axes, True))
    squares = reduce(t, "mean", elementwise.function(t, "square", apart), axes, keepdim)
    return elementwise.affine(t, squares, count / (count - correction))


def norm(
    t: Tracer, x: Traced, p: float, dims: Sequence[int] | None, keepdim: bool = False
) -> Traced:
    """Give the p-norm over axes."""
    size = elementwise.function(t, "abs", x) if p != 2 else x
    if p == np.inf:
        return reduce(t, "amax", size, dims, keepdim)
    if p == -np.inf:
        return amin(t, size, dims, keepdim)
    if p == 0:
        return reduce(t, "sum", elementwise.truth(t, size), dims, keepdim)
    powers = elementwise.power(t, size, Constant(np.asarray(p)))
    total = reduce(t, "sum", powers, dims, keepdim)
    return elementwise.power(t, total, Constant(np.asarray(1 / p)))


def place_of_extreme(
    t: Tracer, layer: str, x: Traced, dim: int, keepdim: bool = False, last: bool = False
) -> Traced:
    """Give the place of the largest or smallest item, by `argmax` or `argmin`.

    Of equal ones it is the first, or the last.
    """
    value = t.value(x)
    counted = t.axis(value, dim)
    dim = dim % len(value.shape)
    turned = joining.flip(t, value, [dim]) if last else value
    shape, batch = _reduced(value, [dim], keepdim)
    found = t.layer(layer, [t.value(turned)], shape, batch, {"dim": counted, "keepdim": keepdim})
    return elementwise.affine(t, found, -1.0, value.shape[dim] - 1.0) if last else found


def _axes(x: Traced, dims: Sequence[int] | None) -> list[int]:
    rank = len(x.shape)
    return sorted({d % rank for d in dims}) if dims is not None and rank else list(range(rank))


def _reduced(x: Value, axes: Sequence[int], keepdim: bool) -> tuple[tuple[int, ...], Batch | None]:
    """Give the shape without axes, or with one item along them, and where the samples are."""
    if keepdim:
        return tuple(1 if d in axes else n for d, n in enumerate(x.shape)), x.batch
    shape = tuple(n for d, n in enumerate(x.shape) if d not in axes)
    if x.batch is None:
        return shape, None
    axis = x.batch.axis - sum(d < x.batch.axis for d in axes)
    return shape, Batch(axis, x.batch.outer, x.batch.inner)
