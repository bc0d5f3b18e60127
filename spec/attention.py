"""The scores and the shares of attention, as every layer that attends computes them."""

from __future__ import annotations

from spec.layer import Scope, Value
from spec.primitives import (
    Contract,
    Elementwise,
    Normalise,
    RefusalError,
    Reshape,
    Shape,
    ShapeError,
    show,
)

LEADING = "abcfhijlmnopqruvwxyz"
"""Letters for axes in front, beside those of heads (k, g), tokens (t, s) and features (d, e)."""


def attend(
    scope: Scope,
    letters: tuple[str, str, str],
    query: Value,
    key: Value,
    value: Value,
    bias: Value | None,
    *,
    scale: float,
    causal: bool,
    window: int | None,
    softcap: float | None,
    dropout: float,
) -> Value:
    """Give `softmax(cap(scale Q K^T) + bias) V`, with the axes of the queries.

    In a `window` a query sees the last keys, so many, and if not `causal` as many next ones.

    The letters name the axes of queries, keys and values: t and s are tokens, d and e features.
    """
    q, k, v = letters
    heads = "".join(letter for letter in q if letter not in "td")
    scores = scope.apply(Contract(f"{q},{k}->{heads}ts", values=2), query, key)
    scores = scope.apply(Elementwise("scale_by", (("factor", scale),)), scores)
    if softcap is not None:
        scores = scope.apply(Elementwise("scale_by", (("factor", 1 / softcap),)), scores)
        scores = scope.apply(Elementwise("tanh"), scores)
        scores = scope.apply(Elementwise("scale_by", (("factor", softcap),)), scores)
    if bias is not None:
        scores = scope.apply(Elementwise("add"), scores, bias)
    cut = window is not None and window < scores.shape[-1]
    if causal or cut:
        before = window - 1 if window is not None and cut else None
        limits = (("before", before), ("after", 0 if causal else before))
        scores = scope.apply(Elementwise("band_mask", limits), scores)
    shares = scope.apply(Normalise("softmax", 0.0), scores)
    if dropout:
        shares = scope.apply(Elementwise("dropout", (("p", dropout),)), shares)
    return scope.apply(Contract(f"{heads}ts,{v}->{q.replace('d', 'e')}", values=2), shares, value)


def fitted(
    scope: Scope, bias: Value, scores: Shape, groups: tuple[int, int] | None = None
) -> Value:
    """Give a bias or mask `[..., queries, keys]` as many axes as the scores have.

    Axes in front may be missing, and any may have one item. If heads share keys in `groups`, the
    axis of heads is cut in two.
    """
    given = (1,) * (len(scores) - len(bias.shape)) + bias.shape
    pairs = list(zip(given, scores, strict=False))
    if len(given) != len(scores) or any(n not in (1, most) for n, most in pairs):
        raise ShapeError(
            f"a bias or mask of scores {show(scores)} has these sizes, or 1, along its axes, of "
            f"which the first may be missing; got {show(bias.shape)}"
        )
    if groups is not None:
        heads = groups if given[-3] > 1 else (1, 1)
        given = (*given[:-3], *heads, *given[-2:])
    return bias if given == bias.shape else scope.apply(Reshape(given), bias)


def check_window(queries: int, keys: int, window: int | None, causal: bool) -> None:
    """Raise `ShapeError` where it is not said which key a query of a sliding window is at."""
    if window is not None and not causal and queries != keys:
        raise RefusalError(
            f"{queries} queries and {keys} keys: which key a query is at is not said, so that "
            "`sliding_window` needs as many keys as queries, or `causal: true`"
        )


def check_causal(queries: int, keys: int) -> None:
    """Raise `ShapeError` where the first queries of a causal attention see no key."""
    blind = queries - keys
    if blind > 0:
        raise RefusalError(
            f"{queries} queries and {keys} keys: the first {blind} queries would see no key of a "
            "`causal` attention, whose last query sees all"
        )
