"""Random copies: values that are repeated along an axis to meet others there."""

from __future__ import annotations

from spec.layer import Value
from spec.testing.listing import Listing, Unfit
from spec.testing.pen import Fields


def repeated(to: Listing) -> None:
    """Repeat what a few heads have for all heads, and combine it with what each has of its own."""
    pen, x = to.pen, to.named()
    if len(x.shape) != 2 or x.shape[0] > 3:
        raise Unfit
    length, shared, times, size = x.shape[0], pen.count(1, 2), pen.count(2, 3), pen.count(1, 2)
    own, few = (
        to.add(
            "reshape",
            {"shape": [length, count, size]},
            to.add("linear", {"out_features": count * size, "bias": pen.chance()}, x),
        )
        for count in (shared * times, shared)
    )
    all_ = copies(to, few, shared * times)
    ways: list[tuple[str, Fields]] = [
        ("add", {}), ("multiply", {}), ("maximum", {}), ("concat", {"dim": 3}),
        ("einsum", {"equation": "bthd,bshd->btsh"}), ("einsum", {"equation": "bthd,bthe->btdeh"}),
    ]  # fmt: skip
    for _ in range(pen.count(1, 2)):
        way, fields = pen.pick(ways)
        to.add(way, fields, *pen.pick([(own, all_), (all_, own)]))
        to.add("reshape", {"shape": [length, -1]})
        to.add("linear", {"out_features": pen.count(1, 3)})


def copies(to: Listing, few: Value, count: int) -> Value:
    """Repeat the items of an axis, each in its place, in one of the ways to write it."""
    length, shared, size = few.shape
    way = to.pen.pick(["repeat", "expand", "tile"])
    if way == "repeat":
        return to.add("repeat_interleave", {"repeats": count // shared, "dim": 2}, few)
    one = to.add("reshape", {"shape": [length, shared, 1, size]}, few)
    if way == "expand":
        to.add("expand", {"shape": [length, shared, count // shared, size]}, one)
    else:
        to.add("tile", {"dims": [count // shared, 1]}, one)
    return to.add("reshape", {"shape": [length, count, size]})
