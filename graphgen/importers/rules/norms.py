"""Norms that are spelled out: `x rsqrt(mean(x^2) + eps)`, that of `x - mean(x)`, and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.alike import same
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.numbers import affine_of
from graphgen.importers.rules.session import Replacement, Session

BARE = {"elementwise_affine": False}


@rule("multiply")
def rms_norm(session: Session, node: Node) -> Replacement | None:
    """`x rsqrt(mean(x^2) + eps)` over the last axes is an `rms_norm` without a weight.

    Another factor of the mean moves out: `x rsqrt(a m + e)` is `a^-0.5 x rsqrt(m + e / a)`.
    """
    if len(node.inputs) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        root = session.made(y, "rsqrt")
        if root is None:
            continue
        mean, scale, eps = affine_of(session, root.inputs[0])
        statistic = session.made(mean, "mean")
        if statistic is None or scale <= 0 or eps < 0:
            continue
        squared = session.made(statistic.inputs[0], "square")
        last = last_axes(session, statistic)
        if squared is None or not last or not same(session, squared.inputs[0], x):
            continue
        new = Replacement(session, node)
        shape = session.shape(x)
        fields = {} if last == 1 else {"normalized_shape": list(shape[-last:])}
        value = new.add("rms_norm", [x], fields | {"eps": eps / scale} | BARE)
        return new.gives(new.scaled(value, scale**-0.5))
    return None


def last_axes(session: Session, node: Node) -> int:
    """Say how many last axes a statistic goes over, if it keeps them; 0 if it is another one."""
    if not node.fields.get("keepdim", False):
        return 0
    rank = len(session.shape(node.inputs[0]))
    dims = sorted(d % (rank + 1) for d in node.fields["dim"])
    return len(dims) if dims == list(range(rank + 1 - len(dims), rank + 1)) else 0


@rule("rms_norm")
def layer_norm(session: Session, node: Node) -> Replacement | None:
    """The `rms_norm` of `x - mean(x)`, over the same axes, is the `layer_norm` of x."""
    apart = session.made(node.inputs[0], "subtract")
    if apart is None or node.fields.get("elementwise_affine", True):
        return None
    x, y = apart.inputs
    mean = session.made(y, "mean")
    last = len(node.fields.get("normalized_shape", (1,)))
    if mean is None or last_axes(session, mean) != last or not same(session, mean.inputs[0], x):
        return None
    new = Replacement(session, node)
    return new.gives(new.add("layer_norm", [x], dict(node.fields)))


@rule("multiply", "layer_scale")
def weight_of_norm(session: Session, node: Node) -> Replacement | None:
    """A norm without a weight, times a learned value of the axes normed over, has that weight."""
    for x, weight in learned_operands(session, node, "gamma"):
        norm = session.made(x, "rms_norm", "layer_norm")
        if norm is None or not session.alone(x) or norm.fields.get("elementwise_affine", True):
            continue
        own = fitted(weight, normalized(session, norm), node, session.shape(x))
        if own is None:
            continue
        fields = {k: v for k, v in norm.fields.items() if k != "elementwise_affine"}
        fields |= {"bias": False} if norm.layer == "layer_norm" else {}
        new = Replacement(session, node)
        return new.gives(new.add(norm.layer, norm.inputs, fields, {"weight": own}))
    return None


@rule("add", "bias")
def bias_of_norm(session: Session, node: Node) -> Replacement | None:
    """A `layer_norm` with a weight and without a bias, and a learned value added, has that bias."""
    for x, weight in learned_operands(session, node, "bias"):
        norm = session.made(x, "layer_norm")
        if norm is None or not session.alone(x) or norm.fields.get("bias", True):
            continue
        own = fitted(weight, normalized(session, norm), node, session.shape(x))
        if own is None or not norm.fields.get("elementwise_affine", True):
            continue
        fields = {k: v for k, v in norm.fields.items() if k != "bias"}
        new = Replacement(session, node)
        tensors = {**norm.tensors, "bias": own}
        return new.gives(new.add("layer_norm", norm.inputs, fields, tensors))
    return None


def learned_operands(session: Session, node: Node, local: str) -> list[tuple[str, Weight]]:
    """Give the operand of a layer of two, or of a learned one, beside each learned value."""
    if node.tensors:
        axis = node.fields.get("dim", -1) % (len(node.shape) + 1) - 1
        weight = node.tensors[local]
        shape = [1] * len(node.shape)
        shape[axis] = node.shape[axis]
        return [(node.inputs[0], replace(weight, array=weight.array.reshape(shape)))]
    if len(node.inputs) != 2:
        return []
    found = []
    for x, y in (node.inputs, node.inputs[::-1]):
        own = session.weight(y)
        if own is not None:
            found.append((x, own))
    return found


def normalized(session: Session, norm: Node) -> tuple[int, ...]:
    """Give the sizes of the axes that a norm goes over."""
    shape = norm.fields.get("normalized_shape")
    return session.shape(norm.output)[-1:] if shape is None else tuple(shape)


def fitted(
    weight: Weight, shape: Sequence[int], node: Node, other: tuple[int, ...]
) -> Weight | None:
    """Give a weight that lies along the last axes in their shape; None if it lies elsewhere."""
    array = weight.array
    if other != node.shape or array.ndim < len(shape):
        return None
    front = array.shape[: array.ndim - len(shape)]
    if any(n != 1 for n in front) or array.shape[len(front) :] != tuple(shape):
        return None
    return replace(weight, array=array.reshape(tuple(shape)))


@rule("multiply")
def weight_last(session: Session, node: Node) -> Replacement | None:
    """`x (r w)` of a root r and a learned w is `(x r) w`, in which a norm is recognised."""
    if len(node.inputs) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        inner = session.made(y, "multiply")
        if inner is None or not session.alone(y) or len(inner.inputs) != 2:
            continue
        for r, w in (inner.inputs, inner.inputs[::-1]):
            if session.weight(w) is not None and session.made(r, "rsqrt"):
                new = Replacement(session, node)
                value = new.add("multiply", [new.add("multiply", [x, r]), w])
                return new.gives(value) if new.shape(value) == node.shape else None
    return None


@rule("divide", "multiply")
def normalize(session: Session, node: Node) -> Replacement | None:
    """`x / max(|x|, eps)` with a length over axes that are kept is `normalize`."""
    if len(node.inputs) != 2:
        return None
    pairs = [node.inputs] if node.layer == "divide" else [node.inputs, node.inputs[::-1]]
    for x, y in pairs:
        found = _length(session, y) if node.layer == "divide" else _inverse_length(session, y)
        if found is None:
            continue
        total, p, eps = found
        inner = session.made(total.inputs[0], "square" if p == 2 else "abs")
        if inner is None or not total.fields.get("keepdim", False):
            continue
        if not same(session, inner.inputs[0], x):
            continue
        new = Replacement(session, node)
        fields = {"dim": list(total.fields["dim"]), "eps": eps} | ({} if p == 2 else {"p": p})
        return new.gives(new.add("normalize", [x], fields))
    return None


def _length(session: Session, value: str) -> tuple[Node, float, float] | None:
    eps = 0.0
    limit = session.made(value, "clamp")
    if limit is not None and limit.fields.get("max") is None and limit.fields["min"] >= 0:
        value, eps = limit.inputs[0], float(limit.fields["min"])
    root = session.made(value, "sqrt")
    total = session.made(value if root is None else root.inputs[0], "sum")
    return None if total is None else (total, 1.0 if root is None else 2.0, eps)


def _inverse_length(session: Session, value: str) -> tuple[Node, float, float] | None:
    root = session.made(value, "rsqrt")
    if root is None:
        return None
    value, eps = root.inputs[0], 0.0
    limit = session.made(value, "clamp")
    if limit is not None and limit.fields.get("max") is None and limit.fields["min"] >= 0:
        value, eps = limit.inputs[0], float(np.sqrt(limit.fields["min"]))
    total = session.made(value, "sum")
    return None if total is None else (total, 2.0, eps)
