"""Sums, products, comparisons and choices of several values, item by item."""

from __future__ import annotations

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.onnx.operators.rounding import truncated
from graphgen.importers.operators import elementwise, shapes
from graphgen.importers.operators.elementwise import affine
from graphgen.importers.operators.finite import always_shares
from graphgen.importers.traced import Constant, Traced, Value


def pair(node: Node) -> tuple[Traced, Traced]:
    """Give two operands; before version 7 the second one may lie along axes that are named."""
    x, y = node[0], node[1]
    if node.version < 7 and node.attribute("broadcast", 0) and "axis" in node.attributes:
        axis = node.attribute("axis") % max(1, len(x.shape))
        behind = len(x.shape) - axis - len(y.shape)
        if behind > 0:
            y = shapes.reshape(node.tracer, y, (*y.shape, *(1,) * behind))
    return x, y


@onnx("Add")
def add(node: Node) -> Traced:
    return elementwise.add(node.tracer, *pair(node))


@onnx("Sub")
def subtract(node: Node) -> Traced:
    return elementwise.subtract(node.tracer, *pair(node))


@onnx("Mul")
def multiply(node: Node) -> Traced:
    return elementwise.multiply(node.tracer, *pair(node))


@onnx("Div")
def divide(node: Node) -> Traced:
    """Give the quotient; of whole numbers the whole part of it."""
    found = elementwise.divide(node.tracer, *pair(node))
    return found if node.kind() == "f" else truncated(node.tracer, found)


@onnx("Pow")
def power(node: Node) -> Traced:
    x, y = pair(node)
    if node.kind(0) != "f" and node.kind(1) == "f":
        node.tracer.refuse("a power of whole numbers by real ones, which is rounded")
    return elementwise.power(node.tracer, x, y)


@onnx("Max", "Min", "Sum", "Mean")
def several(node: Node) -> Traced:
    """Combine any number of values."""
    t = node.tracer
    operands = [node[place] for place in range(len(node.inputs))]
    how = {"Max": elementwise.maximum, "Min": elementwise.minimum}.get(
        node.operator, elementwise.add
    )
    found = operands[0]
    for each in operands[1:]:
        found = how(t, found, each)
    return affine(t, found, 1 / len(operands)) if node.operator == "Mean" else found


COMPARISONS = {
    "Equal": "eq", "Greater": "gt", "Less": "lt", "GreaterOrEqual": "ge", "LessOrEqual": "le",
}  # fmt: skip


@onnx(*COMPARISONS, gives="b")
def compare(node: Node) -> Traced:
    return elementwise.compare(node.tracer, COMPARISONS[node.operator], *pair(node))


@onnx("And", "Or", "Xor", gives="b")
def logical(node: Node) -> Traced:
    return elementwise.logical(node.tracer, node.operator.lower(), *pair(node))


@onnx("Not", gives="b")
def invert(node: Node) -> Traced:
    return elementwise.invert(node.tracer, node[0])


@onnx("Where")
def where(node: Node) -> Traced:
    node.gives.append(node.kind(1))
    return elementwise.where(node.tracer, node[0], node[1], node[2])


@onnx("Clip")
def clip(node: Node) -> Traced:
    """Give x between limits, which are attributes before version 11."""
    limits: list[Traced | None] = [node.optional(1), node.optional(2)]
    if node.version < 11:
        names = (node.attribute("min"), node.attribute("max"))
        limits = [None if n is None or abs(n) > 3e38 else Constant(np.asarray(n)) for n in names]
    for place, limit in enumerate(limits):
        if isinstance(limit, Constant) and limit.array.size == 1:
            far = float(limit.array.reshape(()))
            if not np.isfinite(far) or abs(far) > 3e38:
                limits[place] = None
    return elementwise.clamp(node.tracer, node[0], *limits)


@onnx("Mod")
def modulo(node: Node) -> Traced:
    """Give what is left of a division: with the divisor's sign, or the other's for `fmod`."""
    from graphgen.importers.onnx.operators.rounding import floored

    t, (x, y) = node.tracer, pair(node)
    quotient = elementwise.divide(t, x, y)
    whole = truncated(t, quotient) if node.attribute("fmod", 0) else floored(t, quotient)
    return elementwise.subtract(t, x, elementwise.multiply(t, whole, y))


@onnx("IsNaN", gives="b")
def is_no_number(node: Node) -> Traced:
    """Say no of shares, which exporters of attention ask, where some key is seen by each query."""
    x = node[0]
    if isinstance(x, Value) and always_shares(node.tracer, x):
        return Constant(np.zeros((1,) * len(x.shape), dtype=bool))
    node.tracer.refuse(SPECIAL)


@onnx("IsInf", gives="b")
def is_special(node: Node) -> Traced:
    node.tracer.refuse(SPECIAL)


SPECIAL = "numbers of the language are finite, and nothing asks whether they are"
