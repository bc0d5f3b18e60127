"""Values side by side, repeated, surrounded, and cut into parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, joining, taking
from graphgen.importers.traced import Constant, Traced


@onnx("Concat")
def concat(node: Node) -> Traced:
    parts = [node[place] for place in range(len(node.inputs))]
    axis = node.attribute("axis", 1 if node.version < 4 else None)
    return joining.concat(node.tracer, parts, int(axis))


@onnx("Split")
def split(node: Node) -> Any:
    """Cut an axis into parts of sizes that are said, or into equal ones but for the last."""
    x, axis = node[0], node.attribute("axis", 0)
    size = x.shape[axis % len(x.shape)]
    sizes = node.attribute("split")
    if sizes is None and node.has(1):
        sizes = node.integers(1, "the sizes of the parts")
    if sizes is None:
        count = node.attribute("num_outputs") or len(node.outputs)
        length = -(-size // count)
        sizes = [max(0, min(length, size - first)) for first in range(0, length * count, length)]
    return tuple(taking.split(node.tracer, x, sizes, axis))


@onnx("Tile")
def tile(node: Node) -> Traced:
    x = node[0]
    times = node.integers(1, "how often it repeats")
    if node.version < 6:
        axis = node.integers(2, "the axis")[0]
        times = [times[0] if d == axis else 1 for d in range(len(x.shape))]
    return joining.tile(node.tracer, x, times)


MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@onnx("Pad")
def pad(node: Node) -> Traced:
    """Put items around a value: the first half of numbers before each axis, the others behind."""
    t, x = node.tracer, node[0]
    rank = len(x.shape)
    numbers = node.attribute("pads", node.attribute("paddings"))
    value = node.attribute("value", 0.0)
    if numbers is None:
        numbers = node.integers(1, "the padding")
        value = node.number(2, "the value around", 0.0)
    axes = [d % rank for d in node.integers(3, "the axes")] if node.has(3) else range(rank)
    around = [(0, 0)] * rank
    half = len(numbers) // 2
    for place, axis in enumerate(axes):
        around[axis] = (int(numbers[place]), int(numbers[half + place]))
    mode = node.attribute("mode", "constant")
    if mode == "wrap":
        return _wrapped(node, x, around)
    return joining.pad(t, x, around, MODES[mode], value)


def _wrapped(node: Node, x: Traced, around: list[tuple[int, int]]) -> Traced:
    """Go on at the other end, as often as it takes."""
    for axis, (before, behind) in enumerate(around):
        if before or behind:
            size = x.shape[axis]
            index = np.arange(-before, size + behind) % size
            x = taking.index_select(node.tracer, x, axis, index)
    return x


@onnx("Trilu")
def trilu(node: Node) -> Traced:
    """Keep one side of the diagonal, and put 0 on the other."""
    x = node[0]
    k = int(node.number(1, "the diagonal", 0))
    keep = np.ones(x.shape[-2:], np.int64)
    mask = np.triu(keep, k) if node.attribute("upper", 1) else np.tril(keep, k)
    return elementwise.multiply(node.tracer, x, Constant(mask))


@onnx("ReverseSequence")
def reverse_sequence(node: Node) -> Traced:
    """Turn the order of the first items, of as many as constants say, which are all alike."""
    t, x = node.tracer, node[0]
    time, batch = node.attribute("time_axis", 0), node.attribute("batch_axis", 1)
    lengths = node.integers(1, "the lengths")
    parts = []
    if len(set(lengths)) == 1:
        cuts = [(x, lengths[0])]
    else:
        cuts = [(taking.narrow(t, x, batch, i, 1), n) for i, n in enumerate(lengths)]
    for part, length in cuts:
        index = np.arange(part.shape[time])
        index[:length] = index[:length][::-1]
        parts.append(taking.index_select(t, part, time, index))
    return joining.concat(t, parts, batch)
