"""Types of numbers: a network has real ones, so that most casts change nothing."""

from __future__ import annotations

from typing import Any

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.onnx.operators.rounding import truncated
from graphgen.importers.onnx.tensors import DTYPES
from graphgen.importers.operators import elementwise
from graphgen.importers.traced import Traced


@onnx("Cast")
def cast(node: Node) -> Any:
    to = node.attribute("to")
    if isinstance(to, str):
        to = {"FLOAT": 1, "DOUBLE": 11, "BOOL": 9, "INT64": 7, "INT32": 6, "FLOAT16": 10}.get(to)
    if to not in DTYPES:
        node.tracer.refuse(f"a cast to type {to}, which is none of real or whole numbers")
    name = DTYPES[to]
    return converted(node, "f" if name == "bfloat16" else name[0])


@onnx("CastLike")
def cast_like(node: Node) -> Any:
    return converted(node, node.kind(1))


def converted(node: Node, to: str) -> Traced:
    """Give the first input as numbers of another kind."""
    node.gives.append(to)
    before = node.kind(0)
    if to == "b" and before != "b":
        return elementwise.truth(node.tracer, node[0])
    if to in "iu" and before == "f":
        return truncated(node.tracer, node[0])
    return node[0]
