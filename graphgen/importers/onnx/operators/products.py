"""Products of matrices, and sums of products."""

from __future__ import annotations

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import contraction, elementwise, shapes
from graphgen.importers.traced import Constant, Parameter, Traced, Value


@onnx("MatMul")
def matmul(node: Node) -> Traced:
    return contraction.matmul(node.tracer, node[0], node[1])


@onnx("Gemm")
def gemm(node: Node) -> Traced:
    """Give `alpha A B + beta C` of two matrices, which may be transposed."""
    t = node.tracer
    a, b, c = node[0], node[1], node.optional(2)
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    a = shapes.transpose(t, a, 0, 1) if node.attribute("transA", 0) else a
    b = shapes.transpose(t, b, 0, 1) if node.attribute("transB", 0) else b
    if beta == 0:
        c = None
    stored = isinstance(b, Parameter | Constant) and isinstance(a, Value)
    if stored and alpha == 1 and beta == 1:
        bias = c
        if isinstance(c, Parameter | Constant) and c.array.size == b.shape[1]:
            bias = shapes.reshape(t, c, (b.shape[1],))
        return contraction.linear(t, a, shapes.transpose(t, b, 0, 1), bias)
    found = elementwise.affine(t, contraction.matmul(t, a, b), alpha)
    return found if c is None else elementwise.add(t, found, c, beta)


@onnx("Einsum")
def einsum(node: Node) -> Traced:
    operands = [node[place] for place in range(len(node.inputs))]
    return contraction.einsum(node.tracer, node.attribute("equation"), operands)


@onnx("FusedMatMul", "TransposeMatMul", domain="com.microsoft")
def fused_matmul(node: Node) -> Traced:
    """Give `alpha A B` of matrices, each of which may be transposed.

    Where batches are transposed, rows lie along the first axis, before those of the batch.
    """
    t, sides = node.tracer, []
    for place, letter in enumerate("AB"):
        x = node[place]
        rank = len(x.shape)
        if node.attribute(f"transBatch{letter}", 0):
            x = shapes.permute(t, x, [*range(1, rank - 1), 0, rank - 1])
        if node.attribute(f"trans{letter}", 0):
            x = shapes.transpose(t, x, rank - 2, rank - 1)
        sides.append(x)
    return elementwise.affine(t, contraction.matmul(t, *sides), node.attribute("alpha", 1.0))


@onnx("Det")
def determinant(node: Node) -> Traced:
    node.tracer.refuse("determinants are not said")
