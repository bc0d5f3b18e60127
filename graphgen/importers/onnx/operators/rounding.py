"""Whole parts of numbers."""

from __future__ import annotations

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise
from graphgen.importers.operators.elementwise import affine, function
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer
from spec.functions import FUNCTIONS


def floored(t: Tracer, x: Traced) -> Traced:
    """Give the largest whole number that is not larger."""
    return _function(t, "floor", x)


def _function(t: Tracer, name: str, x: Traced) -> Traced:
    if name not in FUNCTIONS:
        t.refuse(f"the language has no function {name!r}")
    return function(t, name, x)


def truncated(t: Tracer, x: Traced) -> Traced:
    """Give the whole part, towards 0."""
    size = floored(t, function(t, "abs", x))
    return elementwise.multiply(t, size, function(t, "sign", x))


@onnx("Floor")
def floor(node: Node) -> Traced:
    return floored(node.tracer, node[0])


@onnx("Ceil")
def ceil(node: Node) -> Traced:
    return affine(node.tracer, floored(node.tracer, affine(node.tracer, node[0], -1.0)), -1.0)


@onnx("Round")
def round_(node: Node) -> Traced:
    return _function(node.tracer, "round", node[0])
