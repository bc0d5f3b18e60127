"""Convolutions, and transposed ones."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, joining, shapes
from graphgen.importers.operators.convolution import convolution
from graphgen.importers.traced import Traced

Pair = tuple[int, int]


def spelled(node: Node, name: str, dims: int) -> list[int]:
    """Give an attribute of one number for each axis of space, 1 where it is not there."""
    found = node.attribute(name)
    numbers = [int(n) for n in found] if found else [1] * dims
    if len(numbers) != dims:
        node.tracer.refuse(f"`{name}` is {numbers}, expected {dims} numbers")
    return numbers


def around(
    node: Node,
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> list[Pair]:
    """Give how many items are before and behind each axis, by numbers or by a word."""
    word = node.attribute("auto_pad", "NOTSET")
    dims = len(kernel)
    if word in ("NOTSET", ""):
        pads = node.attribute("pads") or [0] * (2 * dims)
        return [(int(pads[i]), int(pads[dims + i])) for i in range(dims)]
    if word == "VALID":
        return [(0, 0)] * dims
    pairs = []
    for size, k, s, d in zip(space, kernel, stride, dilation, strict=True):
        total = max(0, (-(-size // s) - 1) * s + d * (k - 1) + 1 - size)
        less, more = total // 2, total - total // 2
        pairs.append((less, more) if word == "SAME_UPPER" else (more, less))
    return pairs


def sides(pairs: Sequence[Pair]) -> list[int | Pair]:
    """Give one number where before and behind are as many."""
    return [before if before == behind else (before, behind) for before, behind in pairs]


@onnx("Conv")
def conv(node: Node) -> Traced:
    t, x, weight = node.tracer, node[0], node[1]
    kernel = list(weight.shape[2:])
    dims = len(kernel)
    stride, dilation = spelled(node, "strides", dims), spelled(node, "dilations", dims)
    pairs = around(node, x.shape[-dims:], kernel, stride, dilation)
    if min(min(pair) for pair in pairs) < 0:
        frame = [(0, 0)] * (len(x.shape) - dims)
        x = joining.pad(t, x, [*frame, *((min(a, 0), min(b, 0)) for a, b in pairs)])
        pairs = [(max(a, 0), max(b, 0)) for a, b in pairs]
    return convolution(
        t, x, weight, node.optional(2), stride=stride, padding=sides(pairs), dilation=dilation,
        groups=node.attribute("group", 1),
    )  # fmt: skip


@onnx("ConvTranspose")
def conv_transpose(node: Node) -> Traced:
    """Apply the adjoint of a convolution; what is padded there is cut off here."""
    t, x, weight = node.tracer, node[0], node[1]
    kernel = list(weight.shape[2:])
    dims = len(kernel)
    stride, dilation = spelled(node, "strides", dims), spelled(node, "dilations", dims)
    extra = [int(n) for n in node.attribute("output_padding") or [0] * dims]
    space = x.shape[-dims:]
    whole = [
        (size - 1) * s + d * (k - 1) + 1 + e
        for size, k, s, d, e in zip(space, kernel, stride, dilation, extra, strict=True)
    ]
    wanted = node.attribute("output_shape")
    word = node.attribute("auto_pad", "NOTSET")
    if wanted is not None or word in ("SAME_UPPER", "SAME_LOWER"):
        goal = (
            [int(n) for n in wanted][-dims:]
            if wanted is not None
            else [size * s for size, s in zip(space, stride, strict=True)]
        )
        pairs = []
        for have, want in zip(whole, goal, strict=True):
            total = have - want
            less, more = total // 2, total - total // 2
            # For output shapes the smaller part is in front for SAME_UPPER alone.
            pairs.append((less, more) if word == "SAME_UPPER" else (more, less))
    else:
        pairs = around(node, space, kernel, stride, dilation)
    padding = [min(before, behind) for before, behind in pairs]
    bias = node.optional(2)
    fits = all(e < max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True))
    even = all(before == behind for before, behind in pairs)
    if even and fits and min(padding) >= 0:
        return convolution(
            t, x, weight, bias, stride=stride, padding=padding, dilation=dilation,
            groups=node.attribute("group", 1), transposed=True, output_padding=extra,
        )  # fmt: skip
    y = convolution(
        t, x, weight, None, stride=stride, padding=[0] * dims, dilation=dilation,
        groups=node.attribute("group", 1), transposed=True,
    )  # fmt: skip
    frame = [(0, 0)] * (len(y.shape) - dims)
    cut = joining.pad(
        t, y, [*frame, *((-a, e - b) for (a, b), e in zip(pairs, extra, strict=True))]
    )
    if bias is None:
        return cut
    return elementwise.add(t, cut, shapes.reshape(t, bias, (-1, *(1,) * dims)))
