"""Statistics over axes."""

from __future__ import annotations

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, reductions
from graphgen.importers.operators.elementwise import function
from graphgen.importers.traced import Traced

PLAIN = {
    "ReduceSum": "sum",
    "ReduceMean": "mean",
    "ReduceMax": "amax",
    "ReduceLogSumExp": "logsumexp",
}


@onnx(*PLAIN, "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceSumSquare")
def reduce(node: Node) -> Traced:
    """Take a statistic over axes, an attribute or an input; over all where none is named."""
    t, x = node.tracer, node[0]
    axes = node.axes(1)
    if not axes:
        if node.attribute("noop_with_empty_axes", 0):
            axes = []
        else:
            axes = None
    keep = bool(node.attribute("keepdims", 1))
    if axes is None and isinstance(keep, bool) and not x.shape:
        axes = []
    word = node.operator
    if word in ("ReduceL1", "ReduceL2", "ReduceSumSquare"):
        x = function(t, "abs" if word == "ReduceL1" else "square", x)
    if word == "ReduceMin":
        found = reductions.amin(t, x, axes, keep)
    elif word == "ReduceProd":
        found = reductions.product(t, x, axes, keep)
    else:
        found = reductions.reduce(t, PLAIN.get(word, "sum"), x, axes, keep)
    if word == "ReduceL2":
        return function(t, "sqrt", found)
    return function(t, "log", found) if word == "ReduceLogSum" else found


@onnx("GlobalAveragePool", "GlobalMaxPool")
def whole(node: Node) -> Traced:
    """Pool all of space."""
    layer = "mean" if node.operator == "GlobalAveragePool" else "amax"
    x = node[0]
    return reductions.reduce(node.tracer, layer, x, range(2, len(x.shape)), True)


@onnx("GlobalLpPool")
def whole_norm(node: Node) -> Traced:
    x = node[0]
    p = float(node.attribute("p", 2))
    return reductions.norm(node.tracer, x, p, range(2, len(x.shape)), True)


@onnx("LpNormalization")
def normalize(node: Node) -> Traced:
    """Divide by the norm along an axis."""
    t, x = node.tracer, node.value(0)
    axis = t.axis(x, node.attribute("axis", -1))
    fields = {"p": float(node.attribute("p", 2)), "dim": [axis], "eps": 0.0}
    if fields["p"] not in (1.0, 2.0):
        t.refuse(f"`p` is {fields['p']:g}, expected 1 or 2")
    fields["eps"] = SMALLEST
    return t.layer("normalize", [x], x.shape, x.batch, fields)


SMALLEST = 1e-30
"""What lengths of zero are divided by: they stay zero."""


@onnx("MeanVarianceNormalization")
def mean_variance(node: Node) -> Traced:
    """Subtract the mean and divide by the standard deviation, over axes."""
    t, x = node.tracer, node[0]
    axes = node.attribute("axes", [0, 2, 3])
    apart = elementwise.subtract(t, x, reductions.reduce(t, "mean", x, axes, True))
    squares = reductions.reduce(t, "mean", function(t, "square", apart), axes, True)
    root = function(t, "sqrt", squares)
    return elementwise.divide(t, apart, elementwise.affine(t, root, 1.0, 1e-9))
