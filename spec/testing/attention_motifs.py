"""Random attention, from its parts or written out, as networks of every kind have it."""

from __future__ import annotations

from spec.layer import Value
from spec.testing.listing import Listing, Unfit


def mixture(to: Listing) -> None:
    """Write attention out: scores of all pairs by broadcasting, a softmax, a mixture of values."""
    pen, x = to.pen, to.named()
    if len(x.shape) != 2 or x.shape[0] > 3:
        raise Unfit
    length, count, size = x.shape[0], pen.count(1, 2), pen.count(1, 2)
    width = count * size
    parts = []
    way = pen.pick(["separate", "packed", "interleaved", "heads first"])
    if way == "separate":
        for _ in range(3):
            part = to.add("linear", {"out_features": width, "bias": pen.chance()}, x)
            parts.append(to.add("reshape", {"shape": [length, count, size]}, part))
    else:
        packed = to.add("linear", {"out_features": 3 * width}, x)
        axis = {"packed": 1, "heads first": 2, "interleaved": 3}[way]
        shape = [length, count, size]
        shape.insert(axis, 3)
        packed = to.add("reshape", {"shape": shape}, packed)
        for index in range(3):
            fields = {"sections": 3, "dim": axis + 1, "index": index}
            part = to.add("split", fields, packed)
            parts.append(to.add("reshape", {"shape": [length, count, size]}, part))
    query = to.add("reshape", {"shape": [length, 1, count, size]}, parts[0])
    key = to.add("reshape", {"shape": [1, length, count, size]}, parts[1])
    to.add("multiply", {}, query, key)
    to.add("sum", {"dim": 4})
    to.add("transpose", {"dim0": 2, "dim1": 3})
    to.add("softmax")
    to.add("transpose", {"dim0": 2, "dim1": 3})
    shares = to.add("reshape", {"shape": [length, length, count, 1]})
    value = to.add("reshape", {"shape": [1, length, count, size]}, parts[2])
    to.add("multiply", {}, shares, value)
    to.add("sum", {"dim": 2})
    to.add("reshape", {"shape": [length, width]})
    if pen.chance():
        to.add("linear", {"out_features": x.shape[1]})


def heads(to: Listing) -> None:
    """Attend in heads that are split and merged, turned and shared or not, under a bias or not."""
    pen, x = to.pen, to.named()
    if len(x.shape) != 2 or x.shape[0] > 4:
        raise Unfit
    length, size = x.shape[0], pen.count(1, 3)
    shared = pen.count(1, 2)
    count = shared * pen.count(1, 2)
    turn = {"dim0": 1, "dim1": 2}
    ends: list[Value] = []
    for number in (count, shared, shared):
        end = to.add("linear", {"out_features": number * size, "bias": pen.chance()}, x)
        end = to.add("reshape", {"shape": [length, number, size]}, end)
        end = to.add("transpose", turn, end)
        if size > 1 and len(ends) < 2 and pen.chance(0.3):
            end = to.add("rms_norm", {}, end)
        if size > 1 and len(ends) < 2 and pen.chance(0.4):
            end = to.draw("rotary", end)
        ends.append(end)
    if pen.chance(0.3):
        bias = pen.pick(["relative_position_bias", "window_position_bias", "alibi"])
        scores = to.draw(bias, x)
        if scores.shape[0] not in (1, count):
            raise Unfit
        ends.append(scores)
    elif pen.chance(0.3):
        scores = to.add("linear", {"out_features": length}, x)
        if pen.chance():
            scores = to.add("reshape", {"shape": [1, length, length]}, scores)
        ends.append(scores)
    fields = pen.some(is_causal=True, softcap=5.0, scale=0.7)
    fields |= {"enable_gqa": True} if shared < count else {}
    to.add("scaled_dot_product_attention", fields, *ends)
    to.add("transpose", turn)
    to.add("reshape", {"shape": [length, count * size]})
