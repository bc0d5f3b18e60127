"""Sequences of tensors, which are lists while a model is read, and what may be missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import joining, shapes, taking
from graphgen.importers.traced import Constant, Traced, Value

MOST_ENTRIES = 4096


def listed(node: Node, place: int = 0) -> list[Any]:
    """Give an input that must be a sequence."""
    found = node.inputs[place] if node.has(place) else None
    if not isinstance(found, list):
        node.tracer.refuse(f"its input {place} is no sequence")
    if len(found) > MOST_ENTRIES:
        node.tracer.refuse(f"a sequence of {len(found)}, expected at most {MOST_ENTRIES}")
    return found


def _place(node: Node, place: int, default: int) -> int:
    return node.integers(place, "a place in a sequence")[0] if node.has(place) else default


@onnx("SequenceConstruct")
def construct(node: Node) -> Any:
    return list(node.inputs)


@onnx("SequenceEmpty")
def empty(node: Node) -> Any:
    return []


@onnx("SequenceAt")
def at(node: Node) -> Any:
    return listed(node)[_place(node, 1, 0)]


@onnx("SequenceInsert")
def insert(node: Node) -> Any:
    entries = list(listed(node))
    entries.insert(_place(node, 2, len(entries)), node.inputs[1])
    return entries


@onnx("SequenceErase")
def erase(node: Node) -> Any:
    entries = list(listed(node))
    del entries[_place(node, 1, -1)]
    return entries


@onnx("SequenceLength", gives="i")
def length(node: Node) -> Traced:
    return Constant(np.asarray(len(listed(node)), np.int64))


@onnx("ConcatFromSequence")
def concat(node: Node) -> Traced:
    parts, axis = listed(node), node.attribute("axis")
    if node.attribute("new_axis", 0):
        return joining.stack(node.tracer, parts, axis)
    return joining.concat(node.tracer, parts, axis)


@onnx("SplitToSequence")
def split(node: Node) -> Any:
    t, x = node.tracer, node[0]
    axis = node.attribute("axis", 0) % len(x.shape)
    size = x.shape[axis]
    if node.has(1) and isinstance(node[1], Value) and len(node[1].shape) == 1:
        # How many parts there are is known, but none of them is.
        return [None] * node[1].shape[0]
    if node.has(1):
        given = np.asarray(node.known(1, "the sizes of the parts"))
        sizes = [int(n) for n in given.reshape(-1)]
        if given.ndim == 0:
            sizes = [min(sizes[0], size - first) for first in range(0, size, sizes[0])]
        return taking.split(t, x, sizes, axis)
    parts = [taking.narrow(t, x, axis, i, 1) for i in range(size)]
    if node.attribute("keepdims", 1):
        return parts
    return [shapes.squeeze(t, part, [axis]) for part in parts]


@onnx("Optional")
def optional(node: Node) -> Any:
    return node.inputs[0] if node.has(0) else None


@onnx("OptionalGetElement")
def element(node: Node) -> Any:
    return node.inputs[0]


@onnx("OptionalHasElement", gives="b")
def has_element(node: Node) -> Traced:
    return Constant(np.asarray(node.has(0)))
