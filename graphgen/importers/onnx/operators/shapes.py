"""Shapes: the same items along other axes."""

from __future__ import annotations

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import shapes
from graphgen.importers.traced import Constant, Traced


@onnx("Reshape")
def reshape(node: Node) -> Traced:
    x = node[0]
    wanted = node.attribute("shape") if node.version < 5 else node.integers(1, "the shape")
    zero = node.attribute("allowzero", 0)
    full = [x.shape[axis] if n == 0 and not zero else int(n) for axis, n in enumerate(wanted or [])]
    return shapes.reshape(node.tracer, x, full)


@onnx("Flatten")
def flatten(node: Node) -> Traced:
    """Give a matrix: the axes before `axis` as rows, the others as columns."""
    x = node[0]
    axis = node.attribute("axis", 1)
    axis = axis + len(x.shape) if axis < 0 else axis
    rows = int(np.prod(x.shape[:axis], dtype=np.int64))
    return shapes.reshape(node.tracer, x, (rows, int(np.prod(x.shape[axis:], dtype=np.int64))))


@onnx("Squeeze")
def squeeze(node: Node) -> Traced:
    return shapes.squeeze(node.tracer, node[0], node.axes(1))


@onnx("Unsqueeze")
def unsqueeze(node: Node) -> Traced:
    found = node[0]
    axes = node.axes(1) or []
    rank = len(found.shape) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        found = shapes.unsqueeze(node.tracer, found, axis)
    return found


@onnx("Transpose")
def transpose(node: Node) -> Traced:
    x = node[0]
    return shapes.permute(node.tracer, x, node.attribute("perm") or range(len(x.shape))[::-1])


@onnx("Expand")
def expand(node: Node) -> Traced:
    x = node[0]
    full = np.broadcast_shapes(x.shape, tuple(node.integers(1, "the shape")))
    return shapes.expand(node.tracer, x, full)


@onnx("Shape", gives="i")
def shape(node: Node) -> Traced:
    sizes = np.asarray(node[0].shape, np.int64)
    return Constant(sizes[node.attribute("start", 0) : node.attribute("end")])


@onnx("Size", gives="i")
def size(node: Node) -> Traced:
    return Constant(np.asarray(np.prod(node[0].shape, dtype=np.int64)))


@onnx("EyeLike")
def eye_like(node: Node) -> Traced:
    rows, columns = node[0].shape
    return Constant(np.eye(rows, columns, node.attribute("k", 0), dtype=np.float32))


@onnx("DepthToSpace")
def depth_to_space(node: Node) -> Traced:
    t, x, block = node.tracer, node[0], node.attribute("blocksize")
    samples, depth, height, width = x.shape
    rest = depth // block**2
    if node.attribute("mode", "DCR") == "DCR":
        cut = shapes.reshape(t, x, (samples, block, block, rest, height, width))
        turned = shapes.permute(t, cut, [0, 3, 4, 1, 5, 2])
    else:
        cut = shapes.reshape(t, x, (samples, rest, block, block, height, width))
        turned = shapes.permute(t, cut, [0, 1, 4, 2, 5, 3])
    return shapes.reshape(t, turned, (samples, rest, height * block, width * block))


@onnx("SpaceToDepth")
def space_to_depth(node: Node) -> Traced:
    t, x, block = node.tracer, node[0], node.attribute("blocksize")
    samples, depth, height, width = x.shape
    rows, columns = height // block, width // block
    cut = shapes.reshape(t, x, (samples, depth, rows, block, columns, block))
    by_depth = node.attribute("mode", "DCR") == "CRD"
    turned = shapes.permute(t, cut, [0, 1, 3, 5, 2, 4] if by_depth else [0, 3, 5, 1, 2, 4])
    return shapes.reshape(t, turned, (samples, depth * block**2, rows, columns))
