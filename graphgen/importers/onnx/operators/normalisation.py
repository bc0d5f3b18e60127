"""Norms by stored statistics, or by those of each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, joining, normalisation, reductions, shapes
from graphgen.importers.operators.elementwise import affine, function
from graphgen.importers.operators.resize import along
from graphgen.importers.traced import Constant, Traced, Value


@onnx("BatchNormalization")
def batch_norm(node: Node) -> Any:
    t = node.tracer
    if node.attribute("training_mode", 0) or (node.version < 7 and node.wants(1)):
        t.refuse("it normalises by statistics of the batch: `training_mode` is 1")
    if node.version < 7 and node.attribute("is_test", 0) == 0 and node.version == 1:
        pass
    if node.attribute("spatial", 1) == 0:
        return _by_statistics(node)
    weight, bias, mean, variance = (node[place] for place in range(1, 5))
    eps = node.attribute("epsilon", 1e-5)
    if (
        any(isinstance(each, Value) for each in (weight, bias, mean, variance))
        or len(node[0].shape) < 2
    ):
        return _by_statistics(node)
    return normalisation.batch_norm(t, node[0], weight, bias, mean, variance, eps)


def _by_statistics(node: Node) -> Traced:
    """Normalise by statistics that are computed, or one for each item."""
    t, x = node.tracer, node[0]
    eps = node.attribute("epsilon", 1e-5)
    rank = len(x.shape)
    scale, bias, mean, variance = (
        shapes.reshape(t, node[place], (*node[place].shape, *(1,) * max(0, rank - 2)))
        if len(node[place].shape) == 1 and rank > 2
        else node[place]
        for place in range(1, 5)
    )
    apart = elementwise.subtract(t, x, mean)
    root = function(t, "rsqrt", affine(t, variance, 1.0, eps))
    scaled = elementwise.multiply(t, elementwise.multiply(t, apart, root), scale)
    return elementwise.add(t, scaled, bias)


@onnx("InstanceNormalization")
def instance_norm(node: Node) -> Traced:
    eps = node.attribute("epsilon", 1e-5)
    return normalisation.instance_norm(node.tracer, node[0], node[1], node[2], eps)


@onnx("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization")
@onnx("LayerNormalization", "SimplifiedLayerNormalization", domain="com.microsoft")
def layer_norm(node: Node) -> Any:
    x = node[0]
    axis = node.attribute("axis", -1) % len(x.shape)
    eps = node.attribute("epsilon", 1e-5)
    if node.wants(1) or node.wants(2):
        return (_layer_norm(node, x, axis, eps), *_statistics(node, x, axis, eps))
    return _layer_norm(node, x, axis, eps)


def _statistics(node: Node, x: Traced, axis: int, eps: float) -> tuple[Traced, Traced]:
    """Give the mean, and one through the standard deviation."""
    t, axes = node.tracer, range(axis, len(x.shape))
    mean = reductions.reduce(t, "mean", x, axes, True)
    spread = reductions.variance(t, x, axes, True, correction=0.0)
    return mean, function(t, "rsqrt", affine(t, spread, 1.0, eps))


def _layer_norm(node: Node, x: Traced, axis: int, eps: float) -> Traced:
    t = node.tracer
    sizes = x.shape[axis:]
    scale, bias = node[1], node.optional(2)
    fits = all(p is None or tuple(p.shape) == sizes for p in (scale, bias))
    if node.operator != "LayerNormalization":
        if not fits:
            plain = normalisation.rms_norm(t, x, sizes, None, eps)
            return elementwise.multiply(t, plain, scale)
        return normalisation.rms_norm(t, x, sizes, scale, eps)
    if not fits:
        plain = normalisation.layer_norm(t, x, sizes, None, None, eps)
        scaled = elementwise.multiply(t, plain, scale)
        return scaled if bias is None else elementwise.add(t, scaled, bias)
    return normalisation.layer_norm(t, x, sizes, scale, bias, eps)


@onnx("GroupNormalization")
def group_norm(node: Node) -> Traced:
    """Normalise groups of channels; before version 21 scales and shifts are of groups."""
    t, x = node.tracer, node[0]
    groups, eps = node.attribute("num_groups"), node.attribute("epsilon", 1e-5)
    scale, bias = node[1], node[2]
    channels = x.shape[1]
    if scale.shape[0] != channels:
        each = channels // groups
        scale, bias = (joining.repeat_interleave(t, p, each, 0) for p in (scale, bias))
    return normalisation.group_norm(t, x, groups, scale, bias, eps)


@onnx("LRN")
def local_response_norm(node: Node) -> Traced:
    """Divide channels by their neighbours: the layer where as many lie on either side."""
    t, x = node.tracer, node.value(0)
    size = node.attribute("size")
    alpha, beta = node.attribute("alpha", 1e-4), node.attribute("beta", 0.75)
    bias = node.attribute("bias", 1.0)
    place = 0 if x.batch is None else 1
    first = x.batch is not None and x.batch.axis == 0 and x.batch.items == 1
    if size % 2 and first and place == 1 and len(x.shape) > 2:
        fields = {"size": size, "alpha": alpha, "beta": beta, "k": bias}
        return t.layer("local_response_norm", [x], x.shape, x.batch, fields)
    channels = x.shape[1]
    band = np.zeros((channels, channels))
    for c in range(channels):
        band[c, max(0, c - (size - 1) // 2) : c + size // 2 + 1] = 1
    total = along(t, function(t, "square", x), 1, band)
    base = affine(t, total, alpha / size, bias)
    return elementwise.multiply(t, x, elementwise.power(t, base, Constant(np.asarray(-beta))))
