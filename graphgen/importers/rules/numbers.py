"""Sums and products with numbers are one `affine`; roots and quotients have their words."""

from __future__ import annotations

from math import prod

import numpy as np

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session

AFFINE = ("affine", "scale_by", "shift_by")


def affine_of(session: Session, value: str) -> tuple[str, float, float]:
    """Give x, scale and shift of which a value is `scale x + shift`; 1 and 0 where it is none."""
    node = session.made(value, *AFFINE)
    if node is None:
        return value, 1.0, 0.0
    fields = node.fields
    scale = fields.get("factor", fields.get("scale", 1.0))
    shift = fields.get("value", fields.get("shift", 0.0))
    return node.inputs[0], float(scale), float(shift)


@rule(*AFFINE, "add", "subtract", "multiply", "divide")
def one_affine(session: Session, node: Node) -> Replacement | None:
    """Join numbers that are added and multiplied, one after the other; none is left of 1 and 0.

    Not where others read the value in between.
    """
    found = _affine(session, node)
    if found is None:
        return None
    x, scale, shift = found
    joined = node.layer != "affine"
    while session.alone(x) and session.made(x, *AFFINE):
        x, inner, before = affine_of(session, x)
        scale, shift, joined = scale * inner, shift + scale * before, True
    plain = scale == 1 and shift == 0
    if not (joined or plain) or not np.isfinite([scale, shift]).all():
        return None
    new = Replacement(session, node)
    return new.gives(new.scaled(x, scale, shift))


def _affine(session: Session, node: Node) -> tuple[str, float, float] | None:
    if node.layer in AFFINE:
        return affine_of(session, node.output)
    if len(node.inputs) != 2:
        return None
    x, y = node.inputs
    for one, other in ((y, x), (x, y)):
        value = session.number(one)
        if value is None or session.shape(other) != node.shape or session.array(other) is not None:
            continue
        if node.layer == "add":
            return other, 1.0, value
        if node.layer == "multiply":
            return other, value, 0.0
        if node.layer == "subtract":
            return (other, 1.0, -value) if one == y else (other, -1.0, value)
        if node.layer == "divide" and one == y and value:
            return other, 1 / value, 0.0
    return None


@rule("add")
def difference(session: Session, node: Node) -> Replacement | None:
    """`x + (-1) y` is `x - y`."""
    if len(node.inputs) != 2 or len(set(node.inputs)) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        inner, scale, shift = affine_of(session, y)
        if (scale, shift) == (-1, 0) and session.alone(y):
            new = Replacement(session, node)
            return new.gives(new.add("subtract", [x, inner]))
    return None


@rule("multiply")
def square(session: Session, node: Node) -> Replacement | None:
    """`x x` is `x^2`."""
    if len(node.inputs) != 2 or node.inputs[0] != node.inputs[1]:
        return None
    new = Replacement(session, node)
    return new.gives(new.add("square", node.inputs[:1]))


POWERS = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}


@rule("power")
def power(session: Session, node: Node) -> Replacement | None:
    """Powers that have words, and the first power, which is none."""
    exponent = float(node.fields["exponent"])
    new = Replacement(session, node)
    if exponent == 1:
        return new.gives(node.inputs[0])
    if exponent not in POWERS:
        return None
    return new.gives(new.add(POWERS[exponent], node.inputs))


@rule("reciprocal", "sqrt")
def root(session: Session, node: Node) -> Replacement | None:
    """`1 / sqrt(x)` and `sqrt(1 / x)` are `rsqrt(x)`."""
    inner = session.made(node.inputs[0], "sqrt", "reciprocal")
    if inner is None or inner.layer == node.layer or not session.alone(inner.output):
        return None
    new = Replacement(session, node)
    return new.gives(new.add("rsqrt", inner.inputs))


@rule("divide")
def quotient_by_root(session: Session, node: Node) -> Replacement | None:
    """`x / sqrt(y)` is `x rsqrt(y)`, in which norms are recognised."""
    x, y = node.inputs
    inner = session.made(y, "sqrt")
    if inner is None or not session.alone(y):
        return None
    new = Replacement(session, node)
    return new.gives(new.add("multiply", [x, new.add("rsqrt", inner.inputs)]))


@rule("multiply")
def quotient(session: Session, node: Node) -> Replacement | None:
    """`x (1 / y)` is `x / y`."""
    if len(node.inputs) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        inner = session.made(y, "reciprocal")
        if inner is not None and session.alone(y):
            new = Replacement(session, node)
            return new.gives(new.add("divide", [x, inner.inputs[0]]))
    return None


@rule(*AFFINE)
def mean(session: Session, node: Node) -> Replacement | None:
    """A sum by the number of its items is a mean; what is left of the factor stays behind it."""
    x, scale, shift = affine_of(session, node.output)
    total = session.made(x, "sum")
    if total is None or not session.alone(x):
        return None
    shape = session.shape(total.inputs[0])
    count = prod(shape[d % (len(shape) + 1) - 1] for d in total.fields["dim"])
    if count < 2 or abs(scale * count - 1) > 1e-6:
        return None
    new = Replacement(session, node)
    return new.gives(new.scaled(new.add("mean", total.inputs, total.fields), 1.0, shift))
