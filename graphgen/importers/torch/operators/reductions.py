"""Statistics over axes, extremes with their places, order and running sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import elementwise, ranking, reductions, shapes, taking
from graphgen.importers.operators.joining import concat
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import BOOLEAN, Reading
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer

Dims = int | Sequence[int] | None


def listed(dim: Dims) -> list[int] | None:
    """Give axes as a list; none named, or an empty list, are all."""
    if dim is None:
        return None
    return [dim] if isinstance(dim, int) else list(dim) or None


def _statistic(layer: str) -> Any:
    def apply(
        t: Tracer, x: Traced, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None
    ) -> Traced:
        return reductions.reduce(t, layer, x, listed(dim), keepdim)

    return apply


for _name, _layer in {"sum": "sum", "mean": "mean", "amax": "amax"}.items():
    aten(_name)(_statistic(_layer))


@aten("amin")
def amin(t: Tracer, x: Traced, dim: Dims = None, keepdim: bool = False) -> Traced:
    return reductions.amin(t, x, listed(dim), keepdim)


@aten("prod")
def prod(
    t: Tracer, x: Traced, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None
) -> Traced:
    return reductions.product(t, x, listed(dim), keepdim)


@aten("max", "min")
def extreme(t: Tracer, x: Traced, other: Any = None, keepdim: bool = False) -> Any:
    largest = t.source.split(".")[1] == "max"
    if other is None:
        over = reductions.amin
        return reductions.reduce(t, "amax", x, None) if largest else over(t, x, None)
    if not isinstance(other, int):
        return (elementwise.maximum if largest else elementwise.minimum)(t, x, other)
    value = (
        reductions.reduce(t, "amax", x, [other], keepdim)
        if largest
        else reductions.amin(t, x, [other], keepdim)
    )
    layer = "argmax" if largest else "argmin"
    return [value, reductions.place_of_extreme(t, layer, x, other, keepdim)]


@aten("argmax", "argmin")
def place(t: Tracer, x: Traced, dim: int | None = None, keepdim: bool = False) -> Traced:
    word = t.source.split(".")[1]
    if dim is None:
        x, dim = shapes.reshape(t, x, (-1,)), 0
    return reductions.place_of_extreme(t, word, x, dim, keepdim)


@aten("any", "all")
def any_(t: Reading, x: Traced, dim: Dims = None, keepdim: bool = False) -> Traced:
    true = x if t.kind(0) == BOOLEAN else elementwise.truth(t, x)
    if t.source.split(".")[1] == "any":
        return reductions.reduce(t, "amax", true, listed(dim), keepdim)
    return reductions.amin(t, true, listed(dim), keepdim)


@aten("count_nonzero")
def count_nonzero(t: Reading, x: Traced, dim: Dims = None) -> Traced:
    return reductions.reduce(t, "sum", elementwise.truth(t, x), listed(dim))


def _correction(rest: Sequence[Any], named: dict[str, Any]) -> tuple[Any, bool, float]:
    """Read the three forms: all axes or some, with a flag or a number of what is taken away."""
    dims, keepdim = None, bool(named.get("keepdim", False))
    correction = named.get("correction", 1)
    given = list(rest)
    if given and isinstance(given[0], bool):
        correction = 1 if given[0] else 0
    elif given:
        dims = listed(given[0])
        if len(given) > 1 and isinstance(given[1], bool):
            correction = 1 if given[1] else 0
        if len(given) > 2:
            keepdim = given[2]
    if "unbiased" in named:
        correction = 1 if named["unbiased"] else 0
    return dims, keepdim, 1.0 if correction is None else float(correction)


@aten("var")
def var(t: Tracer, x: Traced, *rest: Any, **named: Any) -> Traced:
    return reductions.variance(t, x, *_correction(rest, named))


@aten("std")
def std(t: Tracer, x: Traced, *rest: Any, **named: Any) -> Traced:
    return elementwise.function(t, "sqrt", var(t, x, *rest, **named))


@aten("var_mean", "std_mean")
def var_mean(t: Tracer, x: Traced, *rest: Any, **named: Any) -> list[Traced]:
    dims, keepdim, _ = _correction(rest, named)
    spread = (std if "std" in t.source else var)(t, x, *rest, **named)
    return [spread, reductions.reduce(t, "mean", x, dims, keepdim)]


@aten("norm", "linalg_vector_norm", "frobenius_norm")
def norm(
    t: Tracer, x: Traced, p: Any = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None
) -> Traced:
    if t.source.split(".")[1] == "frobenius_norm":
        return reductions.norm(t, x, 2.0, listed(p), bool(dim))
    return reductions.norm(t, x, 2.0 if p is None else float(p), listed(dim), keepdim)


@aten("sort")
def sort(t: Tracer, x: Traced, *rest: Any, **named: Any) -> Any:
    given = [each for each in rest if not isinstance(each, bool)]
    flags = [each for each in rest if isinstance(each, bool)]
    dim = named.get("dim", given[0] if given else -1)
    descending = bool(named.get("descending", flags[-1] if flags else False))
    return list(ranking.top_k(t, x, x.shape[dim], dim, descending))


@aten("argsort")
def argsort(t: Tracer, x: Traced, *rest: Any, **named: Any) -> Any:
    return sort(t, x, *rest, **named)[1]


@aten("kthvalue")
def kthvalue(t: Tracer, x: Traced, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    items, places = ranking.top_k(t, x, k, dim, False)
    found = [taking.slice_(t, each, dim, k - 1, k) for each in (items, places)]
    return found if keepdim else [shapes.squeeze(t, each, [dim]) for each in found]


@aten("median")
def median(t: Tracer, x: Traced, dim: int | None = None, keepdim: bool = False) -> Any:
    whole = dim is None
    if dim is None:
        x, dim = shapes.reshape(t, x, (-1,)), 0
    found = kthvalue(t, x, (x.shape[dim] + 1) // 2, dim, keepdim)
    return found[0] if whole else found


@aten("cumsum")
def cumsum(t: Tracer, x: Traced, dim: int, *, dtype: Any = None) -> Traced:
    return ranking.cumsum(t, x, dim)


@aten("cumprod")
def cumprod(t: Tracer, x: Traced, dim: int, *, dtype: Any = None) -> Traced:
    if x.shape[dim] > reductions.MOST_FACTORS:
        t.refuse(f"products of more than {reductions.MOST_FACTORS} items")
    parts = [taking.narrow(t, x, dim, place, 1) for place in range(x.shape[dim])]
    for at in range(1, len(parts)):
        parts[at] = elementwise.multiply(t, parts[at - 1], parts[at])
    return concat(t, parts, dim)


@aten("logcumsumexp", "_logcumsumexp")
def logcumsumexp(t: Tracer, x: Traced, dim: int) -> Traced:
    most = reductions.reduce(t, "amax", x, [dim], True)
    powers = elementwise.function(t, "exp", elementwise.subtract(t, x, most))
    return elementwise.add(t, elementwise.function(t, "log", ranking.cumsum(t, powers, dim)), most)


@aten("dist")
def dist(t: Tracer, x: Traced, y: Traced, p: float = 2) -> Traced:
    return reductions.norm(t, elementwise.subtract(t, x, y), float(p), None)


@aten("cdist", "_cdist_forward")
def cdist(t: Tracer, x: Traced, y: Traced, p: float = 2, mode: int | None = None) -> Traced:
    rows, columns = shapes.unsqueeze(t, x, -2), shapes.unsqueeze(t, y, -3)
    return reductions.norm(t, elementwise.subtract(t, rows, columns), float(p), [-1])
