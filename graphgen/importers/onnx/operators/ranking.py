"""What is largest along an axis, and what sums up."""

from __future__ import annotations

from typing import Any

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, joining, ranking, reductions, shapes
from graphgen.importers.traced import Traced, Value


@onnx("TopK")
def top_k(node: Node) -> Any:
    node.gives.extend([node.kind(0), "i"])
    k = node.attribute("k") if node.version < 10 else int(node.number(1, "`k`", 1))
    largest = bool(node.attribute("largest", 1))
    return ranking.top_k(node.tracer, node[0], k, node.attribute("axis", -1), largest)


@onnx("ArgMax", "ArgMin", gives="i")
def place(node: Node) -> Traced:
    return reductions.place_of_extreme(
        node.tracer,
        node.operator.lower(),
        node[0],
        node.attribute("axis", 0),
        bool(node.attribute("keepdims", 1)),
        last=bool(node.attribute("select_last_index", 0)),
    )


@onnx("Hardmax", "Softmax", "LogSoftmax")
def shares(node: Node) -> Traced:
    """Apply along an axis; before version 13 along that axis and all behind it."""
    t, x = node.tracer, node[0]
    layer = {"Hardmax": "hardmax", "Softmax": "softmax", "LogSoftmax": "log_softmax"}
    old = node.version < 13
    axis = node.attribute("axis", 1 if old else -1) % max(1, len(x.shape))
    if old and axis != len(x.shape) - 1:
        joined = shapes.flatten(t, x, axis, -1)
        found = _along(node, layer[node.operator], t.value(joined), axis)
        return shapes.reshape(t, found, x.shape)
    return _along(node, layer[node.operator], t.value(x), axis)


def _along(node: Node, layer: str, x: Value, axis: int) -> Traced:
    fields: dict[str, Any] = {"dim": node.tracer.axis(x, axis)}
    if layer == "hardmax":
        fields["first"] = True
    return node.tracer.layer(layer, [x], x.shape, x.batch, fields)


@onnx("CumSum")
def cumsum(node: Node) -> Traced:
    """Sum up the items to each, itself included or not, from the front or from the end."""
    t, x = node.tracer, node[0]
    axis = int(node.number(1, "the axis", 0)) % len(x.shape)
    turned = joining.flip(t, x, [axis]) if node.attribute("reverse", 0) else x
    found = ranking.cumsum(t, turned, axis)
    if node.attribute("exclusive", 0):
        found = elementwise.subtract(t, found, turned)
    return joining.flip(t, found, [axis]) if node.attribute("reverse", 0) else found


@onnx("CumProd")
def cumprod(node: Node) -> Traced:
    node.tracer.refuse("products of all items up to each are not said")
