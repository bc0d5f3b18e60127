"""Functions of single numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise
from graphgen.importers.operators.elementwise import affine, function
from graphgen.importers.traced import Constant, Parameter, Traced

PLAIN = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "Log": "log",
    "Sqrt": "sqrt", "Abs": "abs", "Reciprocal": "reciprocal", "Sin": "sine", "Cos": "cosine",
    "Erf": "erf", "Sign": "sign", "Softsign": "softsign", "Softplus": "softplus",
    "HardSwish": "hardswish", "Mish": "mish",
}  # fmt: skip
"""Operators that have a layer of the same meaning, without attributes."""


@onnx(*PLAIN)
def plain(node: Node) -> Traced:
    return function(node.tracer, PLAIN[node.operator], node[0])


@onnx("Neg")
def negative(node: Node) -> Traced:
    return affine(node.tracer, node[0], -1.0)


@onnx("Elu")
def elu(node: Node) -> Traced:
    alpha = node.attribute("alpha", 1.0)
    return function(node.tracer, "elu", node[0], {"alpha": alpha} if alpha != 1 else None)


SELU = (1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


@onnx("Selu")
def selu(node: Node) -> Traced:
    """Give `gamma elu(x, alpha)`: the layer `selu` for its two constants."""
    alpha, gamma = node.attribute("alpha", SELU[0]), node.attribute("gamma", SELU[1])
    if np.allclose((alpha, gamma), SELU, rtol=1e-6, atol=0):
        return function(node.tracer, "selu", node[0])
    return affine(node.tracer, function(node.tracer, "elu", node[0], {"alpha": alpha}), gamma)


@onnx("Celu")
def celu(node: Node) -> Traced:
    return function(node.tracer, "celu", node[0], {"alpha": node.attribute("alpha", 1.0)})


@onnx("LeakyRelu")
def leaky_relu(node: Node) -> Traced:
    slope = node.attribute("alpha", 0.01)
    return function(node.tracer, "leaky_relu", node[0], {"negative_slope": slope})


@onnx("ThresholdedRelu")
def thresholded_relu(node: Node) -> Traced:
    fields = {"threshold": node.attribute("alpha", 1.0), "value": 0.0}
    return function(node.tracer, "threshold", node[0], fields)


@onnx("HardSigmoid")
def hard_sigmoid(node: Node) -> Traced:
    """Give `alpha x + beta` between 0 and 1: the layer `hardsigmoid` for a sixth and a half."""
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return function(node.tracer, "hardsigmoid", node[0])
    return function(
        node.tracer, "clamp", affine(node.tracer, node[0], alpha, beta), {"min": 0.0, "max": 1.0}
    )


@onnx("Gelu")
@onnx("Gelu", domain="com.microsoft")
def gelu(node: Node) -> Traced:
    approximate = node.attribute("approximate", "none")
    fields = {"approximate": approximate} if approximate != "none" else None
    return function(node.tracer, "gelu", node[0], fields)


@onnx("Swish")
@onnx("QuickGelu", domain="com.microsoft")
def swish(node: Node) -> Traced:
    """Give `x sigmoid(alpha x)`."""
    default = 1.702 if node.operator == "QuickGelu" else 1.0
    alpha = node.attribute("alpha", default)
    if alpha == 1:
        return function(node.tracer, "silu", node[0])
    if math.isclose(alpha, 1.702, rel_tol=1e-6):
        return function(node.tracer, "quick_gelu", node[0])
    gate = function(node.tracer, "sigmoid", affine(node.tracer, node[0], alpha))
    return elementwise.multiply(node.tracer, node[0], gate)


@onnx("Shrink")
def shrink(node: Node) -> Traced:
    """Move x towards 0 by `bias` where it is beyond `lambd`, else give 0."""
    t, x = node.tracer, node[0]
    bias, lambd = node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    if bias == 0:
        return function(t, "hardshrink", x, {"lambd": lambd})
    if bias == lambd:
        return function(t, "softshrink", x, {"lambd": lambd})
    if lambd < 0:
        t.refuse(f"`lambd` is {lambd}, expected no negative number")
    beyond = function(t, "sign", function(t, "hardshrink", x, {"lambd": lambd}))
    moved = function(t, "softshrink", x, {"lambd": lambd})
    return elementwise.add(t, moved, beyond, lambd - bias)


@onnx("PRelu")
def prelu(node: Node) -> Traced:
    """Give x where positive, a slope times x elsewhere; slopes may lie along any axes."""
    t, x, slope = node.tracer, node.value(0), node[1]
    if node.version < 7 and len(slope.shape) == 1 and slope.shape[0] > 1:
        slope = _along_channels(slope, len(x.shape))
    if isinstance(slope, Parameter) and _is_by_channel(slope.shape, x.shape):
        place = 0 if x.batch is None else 1
        first = x.batch is None or (x.batch.axis == 0 and x.batch.items == 1)
        channels = slope.array.size
        if channels == 1 or (first and slope.shape[len(slope.shape) - len(x.shape) + place] > 1):
            flat = Parameter(slope.name, slope.array.reshape(-1))
            fields = {"num_parameters": channels} if channels > 1 else {}
            return t.layer("prelu", [x], x.shape, x.batch, fields, {"weight": t.weight(flat)})
    negative = affine(t, function(t, "relu", affine(t, x, -1.0)), -1.0)
    scaled = elementwise.multiply(t, negative, slope)
    return elementwise.add(t, function(t, "relu", x), scaled)


def _along_channels(slope: Any, rank: int) -> Any:
    array = slope.array.reshape(-1, *(1,) * (rank - 2))
    return Constant(array) if isinstance(slope, Constant) else type(slope)(slope.name, array)


def _is_by_channel(slope: tuple[int, ...], x: tuple[int, ...]) -> bool:
    """Say whether slopes lie along one axis at most, and x has as many axes."""
    return sum(n > 1 for n in slope) <= 1 and len(slope) <= len(x)


@onnx("Sinh", "Cosh")
def hyperbolic(node: Node) -> Traced:
    """Give half the sum or difference of two exponentials."""
    t, x = node.tracer, node[0]
    up, down = function(t, "exp", x), function(t, "exp", affine(t, x, -1.0))
    sign = -1.0 if node.operator == "Sinh" else 1.0
    return affine(t, elementwise.add(t, up, down, sign), 0.5)


@onnx("Asinh", "Acosh", "Atanh")
def inverse_hyperbolic(node: Node) -> Traced:
    t, x = node.tracer, node[0]
    if node.operator == "Atanh":
        up, down = (function(t, "log", affine(t, x, s, 1.0)) for s in (1.0, -1.0))
        return affine(t, elementwise.subtract(t, up, down), 0.5)
    size = x if node.operator == "Acosh" else function(t, "abs", x)
    shift = -1.0 if node.operator == "Acosh" else 1.0
    root = function(t, "sqrt", affine(t, function(t, "square", size), 1.0, shift))
    found = function(t, "log", elementwise.add(t, size, root))
    if node.operator == "Acosh":
        return found
    return elementwise.multiply(t, found, function(t, "sign", x))


@onnx("Tan")
def tangent(node: Node) -> Traced:
    t, x = node.tracer, node[0]
    return elementwise.divide(t, function(t, "sine", x), function(t, "cosine", x))


@onnx("Identity")
def identity(node: Node) -> Any:
    return node.inputs[0]


@onnx("Dropout")
def dropout(node: Node) -> Any:
    """Give x, as a trained network does, and a mask of ones."""
    t = node.tracer
    if node.has(2) and bool(node.number(2, "`training_mode`", 0)):
        t.refuse("it drops items at random: `training_mode` is true")
    if node.version < 7 and node.attribute("is_test", 0) == 0 and node.version == 1:
        return node[0], None
    ones = Constant(np.broadcast_to(np.ones((), bool), node[0].shape))
    return node[0], ones
