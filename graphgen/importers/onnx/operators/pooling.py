"""Maxima, means and norms over windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.convolution import Pair, around, spelled
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, joining, pooling, taking
from graphgen.importers.operators.elementwise import function
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer

MOST_ITEMS = 128
"""The most items of a window whose items lie apart."""


@dataclass(frozen=True)
class Windows:
    """Windows over the last axes of a value, and how many there are along each."""

    space: Sequence[int]
    kernel: Sequence[int]
    stride: Sequence[int]
    dilation: Sequence[int]
    pairs: Sequence[Pair]
    ceil: bool

    @property
    def reach(self) -> list[int]:
        """The places from the first item of a window to its last."""
        return [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]

    @property
    def counts(self) -> list[int]:
        """How many there are; by `ceil` the last one may reach out, but begins before the end."""
        found = []
        rows = zip(self.space, self.reach, self.stride, self.pairs, strict=True)
        for size, reach, stride, pair in rows:
            room = size + sum(pair) - reach
            count = room // stride + 1
            if self.ceil and room % stride and count * stride < size + pair[0]:
                count += 1
            found.append(count)
        return found

    @property
    def is_plain(self) -> bool:
        """Whether PyTorch's layers have such padding."""
        pairs = zip(self.pairs, self.kernel, strict=True)
        return all(a == b and 2 * a <= k for (a, b), k in pairs)

    def of_items_inside(self) -> Windows:
        """Give windows of the same items, with as much around before as behind, where there are."""
        even = [(before, before) for before, _ in self.pairs]
        for ceil in (False, True):
            other = replace(self, pairs=even, ceil=ceil)
            if other.is_plain and other.counts == self.counts:
                return other
        return self

    def padded(self, t: Tracer, x: Traced, value: float = 0.0) -> Traced:
        """Put items around a value, so that exactly the windows fit."""
        rows = zip(self.space, self.reach, self.stride, self.pairs, self.counts, strict=True)
        sides = [
            (pair[0], (count - 1) * stride + reach - size - pair[0])
            for size, reach, stride, pair, count in rows
        ]
        front = [(0, 0)] * (len(x.shape) - len(sides))
        return joining.pad(t, x, [*front, *sides], value=value)


@onnx("MaxPool", "AveragePool", "LpPool")
def pool(node: Node) -> Traced:
    t, x = node.tracer, node[0]
    if node.operator == "MaxPool" and node.wants(1):
        t.refuse("places of maxima, its second output, are not said")
    kernel = [int(n) for n in node.attribute("kernel_shape") or x.shape[2:]]
    dims = len(kernel)
    stride, dilation = spelled(node, "strides", dims), spelled(node, "dilations", dims)
    space = x.shape[-dims:]
    pairs = around(node, space, kernel, stride, dilation)
    windows = Windows(space, kernel, stride, dilation, pairs, bool(node.attribute("ceil_mode", 0)))
    if min(windows.counts) < 1:
        t.refuse(f"a window of {kernel} does not fit into {list(x.shape)}")
    if node.operator == "MaxPool":
        return _maxima(t, x, windows)
    if node.operator == "AveragePool":
        return _means(t, x, windows, bool(node.attribute("count_include_pad", 0)))
    return _norms(t, x, windows, float(node.attribute("p", 2)))


def _maxima(t: Tracer, x: Traced, windows: Windows) -> Traced:
    windows = windows if windows.is_plain else windows.of_items_inside()
    if windows.is_plain:
        return pooling.pool(
            t, "max", x, windows.kernel, stride=windows.stride,
            padding=[a for a, _ in windows.pairs], dilation=windows.dilation,
            ceil_mode=windows.ceil,
        )  # fmt: skip
    wide = windows.padded(t, x, -np.inf)
    return pooling.pool(
        t, "max", wide, windows.kernel, stride=windows.stride, dilation=windows.dilation
    )


def _means(t: Tracer, x: Traced, windows: Windows, whole: bool) -> Traced:
    """Take means of the items inside, or of the `whole` window with what is around."""
    together = all(d == 1 for d in windows.dilation)
    if together and not whole and not windows.is_plain:
        windows = windows.of_items_inside()
    if together and windows.is_plain:
        return pooling.pool(
            t, "avg", x, windows.kernel, stride=windows.stride,
            padding=[a for a, _ in windows.pairs], ceil_mode=windows.ceil,
            count_include_pad=whole,
        )  # fmt: skip
    y = _plain_means(t, windows.padded(t, x), windows)
    counts = windows.counts
    share = np.ones(counts)
    for axis, count in enumerate(counts):
        before, behind = windows.pairs[axis]
        size = windows.space[axis]
        low, high = (-before, size + behind) if whole else (0, size)
        line = []
        for place in range(count):
            first = place * windows.stride[axis] - before
            inside = range(first, first + windows.reach[axis], windows.dilation[axis])
            line.append(windows.kernel[axis] / max(1, sum(low <= i < high for i in inside)))
        share = share * np.asarray(line).reshape(-1, *(1,) * (len(counts) - axis - 1))
    return elementwise.multiply(t, y, Constant(share)) if (share != 1).any() else y


def _norms(t: Tracer, x: Traced, windows: Windows, p: float) -> Traced:
    powers = elementwise.power(t, function(t, "abs", x), Constant(np.asarray(p)))
    means = _plain_means(t, windows.padded(t, powers), windows)
    total = elementwise.affine(t, means, float(prod(windows.kernel)))
    return elementwise.power(t, total, Constant(np.asarray(1 / p)))


def _plain_means(t: Tracer, x: Traced, windows: Windows) -> Traced:
    """Take means of windows without padding; of items that lie apart as a sum of slices."""
    if all(d == 1 for d in windows.dilation):
        return pooling.pool(t, "avg", x, windows.kernel, stride=windows.stride)
    if prod(windows.kernel) > MOST_ITEMS:
        t.refuse(f"means of windows {windows.kernel} with `dilations` {windows.dilation}")
    parts = []
    for offset in np.ndindex(*windows.kernel):
        part = x
        for axis, count in enumerate(windows.counts):
            dim = len(x.shape) - len(windows.kernel) + axis
            first = offset[axis] * windows.dilation[axis]
            last = first + (count - 1) * windows.stride[axis] + 1
            part = taking.slice_(t, part, dim, first, last, windows.stride[axis])
        parts.append(part)
    return elementwise.affine(t, elementwise.combine(t, "add", parts), 1 / len(parts))
