"""Random choices by what is computed: routed experts, and items at a computed place."""

from __future__ import annotations

from spec.layer import Value
from spec.testing.listing import Listing, Unfit


def experts(to: Listing) -> None:
    """Route to experts, one after the other or in tensors of all, and add what they give."""
    pen, x = to.pen, to.named()
    if not 1 <= len(x.shape) <= 2:
        raise Unfit
    count, width, hidden = pen.count(2, 3), pen.count(1, 2), pen.count(1, 2)
    logits = to.add("linear", {"out_features": count, "bias": pen.chance(0.3)}, x)
    shares = routed(to, logits, pen.count(1, count))
    if pen.chance():
        fused(to, x, shares, hidden, width)
        return
    ends = []
    gated = pen.chance()
    for index in range(count):
        if gated:
            end = to.add("swiglu", {"hidden_features": hidden}, x)
        else:
            end = to.add("linear", {"out_features": width}, x)
            end = to.add("tanh", {}, end)
        fields = {"dim": -1, "start": index, "length": 1}
        ends.append(to.add("multiply", {}, end, to.add("narrow", fields, shares)))
    to.add("add", {}, *ends)


def routed(to: Listing, logits: Value, k: int) -> Value:
    """Turn scores of experts into shares of the k largest, in one of the usual ways."""
    pen = to.pen
    way = pen.pick(["shares", "scores", "chosen apart", "logits"])
    if way == "logits":
        masked = to.add("top_k", {"k": k, "value": "-inf"}, logits)
        shares = to.add("softmax", {}, masked)
        if masked in to.values:  # infinite, and so of no use to others
            to.values.remove(masked)
        return shares
    scores = to.add("sigmoid" if way == "scores" else "softmax", {}, logits)
    if way == "chosen apart":
        name = {"shape": [logits.shape[-1]], "initial": "normal", "value": 0.3}
        learned = to.add("parameter", name, scores)
        if len(scores.shape) == 2:
            learned = to.add("unsqueeze", {"dim": 1}, learned)
        choice = to.add("top_k_mask", {"k": k}, to.add("add", {}, scores, learned))
        scores = to.add("multiply", {}, choice, scores)
    else:
        scores = to.add("top_k", {"k": k}, scores)
    return to.add("normalize", {"dim": -1, "p": 1}, scores) if pen.chance() else scores


def fused(to: Listing, x: Value, shares: Value, hidden: int, width: int) -> None:
    """Write experts whose tensors lie in one each."""
    count, tokens = shares.shape[-1], "t" * (len(x.shape) - 1)
    drawn = {"initial": "normal", "value": 0.5}
    up = to.add("parameter", {"shape": [count, hidden, x.shape[-1]], **drawn}, x)
    equation = f"b{tokens}h,beih->b{tokens}ei"
    inner = to.add("einsum", {"equation": equation}, x, up)
    if to.pen.chance(0.4):
        bias = to.add("parameter", {"shape": [count, hidden], **drawn}, x)
        if tokens:
            bias = to.add("unsqueeze", {"dim": 1}, bias)
        inner = to.add("add", {}, inner, bias)
    inner = to.add("tanh", {}, inner)
    down = to.add("parameter", {"shape": [count, width, hidden], **drawn}, x)
    equation = f"b{tokens}ei,behi->b{tokens}eh"
    y = to.add("einsum", {"equation": equation}, inner, down)
    to.add("einsum", {"equation": f"b{tokens}e,b{tokens}eh->b{tokens}h"}, shares, y)


def chosen(to: Listing) -> None:
    """Take the items at the place where something else is largest."""
    pen, x = to.pen, to.named()
    if len(x.shape) != 2:
        raise Unfit
    y = to.add("linear", {"out_features": x.shape[1]}, x)
    dim = pen.count(1, 2)
    way = pen.pick(["place", "gather", "product", "one_hot"])
    if way == "product":
        place = to.add("hardmax", {"dim": dim, **pen.some(first=True)}, y)
        to.add("multiply", {}, place, x)
        to.add("sum", {"dim": dim})
        return
    place = to.add("argmax", {"dim": dim, "keepdim": way == "gather"}, y)
    if way == "gather":
        to.add("gather", {"dim": dim}, x, place)
    elif way == "one_hot":
        to.add("one_hot", {"num_classes": x.shape[dim - 1]}, place)
    else:
        to.add("index_select", {"dim": pen.pick([dim, dim, 3 - dim])}, x, place)
