"""Random recurrences: linear ones with factors and terms of their own."""

from __future__ import annotations

from spec.layer import Value
from spec.testing.listing import Listing, Unfit


def decayed(to: Listing) -> None:
    """Add a linear recurrence whose factors, terms and beginning are made of other values."""
    pen, x = to.pen, to.named()
    if not x.shape:
        raise Unfit
    dim = pen.count(1, len(x.shape))
    alike = [value for value in to.values if value.shape == x.shape]
    terms = pen.pick([x, *alike])
    share = to.add("sigmoid", {}, mapped(to, pen.pick(alike or [x])))
    if pen.chance(0.3):
        share = to.add("mean", {"dim": pen.count(1, len(x.shape)), "keepdim": True}, share)
    begun: list[Value] = []
    if pen.chance(0.4):
        index = pen.count(0, x.shape[dim - 1] - 1)
        begun = [to.add("select", {"dim": dim, "index": index}, pen.pick([x, *alike]))]
    to.add("linear_recurrence", {"dim": dim, **pen.some(reverse=True)}, share, terms, *begun)


def mapped(to: Listing, x: Value) -> Value:
    """Add a linear map of the last axis, mostly."""
    if to.pen.chance(0.7):
        return to.add("linear", {"out_features": x.shape[-1]}, x)
    return x
