"""Convolutions, and transposed ones, over one to three axes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from graphgen.importers.network import Weight
from graphgen.importers.operators.contraction import contract
from graphgen.importers.operators.elementwise import combine
from graphgen.importers.operators.joining import pad, stack
from graphgen.importers.operators.samples import Framed, framed, unframed
from graphgen.importers.operators.shapes import permute, reshape
from graphgen.importers.operators.taking import select, slice_
from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer

Side = int | tuple[int, int]


def convolution(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None = None,
    *,
    stride: Sequence[int],
    padding: Sequence[Side],
    dilation: Sequence[int],
    groups: int = 1,
    transposed: bool = False,
    output_padding: Sequence[int] = (),
) -> Value:
    """Convolve `[N, channels, *space]`, or a value without N; padding may be pairs.

    Items beside the samples, as of frames, become an axis of space that the kernel does not reach
    along.
    """
    dims = len(weight.shape) - 2
    frame = framed(t, t.value(x), dims + 1)
    if frame.items is not None and dims == MOST_AXES:
        whole = frame.value
        parts = [
            convolution(
                t, select(t, whole, len(frame.head), item), weight, bias, stride=stride,
                padding=padding, dilation=dilation, groups=groups, transposed=transposed,
                output_padding=output_padding,
            )
            for item in range(frame.items)
        ]  # fmt: skip
        return unframed(t, t.value(stack(t, parts, len(frame.head))), frame)
    if isinstance(weight, Value) and (weight.name not in t.made or frame.items is not None):
        if transposed:
            t.refuse("the weight of a transposed convolution is computed while the network runs")
        return by_taps(
            t, frame, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
    made, tensors = t.tensor("weight", weight)
    fields: dict[str, Any] = {
        "kernel_size": list(map(int, weight.shape[2:])),
        "stride": list(map(int, stride)),
        "padding": [list(p) if isinstance(p, tuple) else int(p) for p in padding],
        "output_padding": list(map(int, output_padding or (0,) * dims)),
        "dilation": list(map(int, dilation)),
    }
    value, place = frame.value, len(frame.head)
    if frame.items is not None:
        own = tensors["weight"]
        tensors = {"weight": Weight(own.name, np.expand_dims(own.array, 2))}
        for name, one in (("kernel_size", 1), ("stride", 1), ("padding", 0),
                          ("output_padding", 0), ("dilation", 1)):  # fmt: skip
            fields[name] = [one, *fields[name]]
        value = turned(t, value, place)
    out = int(weight.shape[1] * groups if transposed else weight.shape[0])
    space = [
        _extent(size, kernel, step, side, spread, extra, transposed)
        for size, kernel, step, side, spread, extra in zip(
            value.shape[place + 1 :], fields["kernel_size"], fields["stride"], fields["padding"],
            fields["dilation"], fields["output_padding"], strict=True,
        )
    ]  # fmt: skip
    if min(space) < 1:
        t.refuse(f"a kernel of {list(weight.shape[2:])} does not fit into {list(value.shape)}")
    fields = {"out_channels": out, **_said(fields), **made}
    if groups != 1:
        fields["groups"] = int(groups)
    if bias is None or isinstance(bias, Value):
        fields["bias"] = False
    else:
        tensors["bias"] = t.weight(bias, "the bias")
    layer = f"conv{'_transpose' if transposed else ''}{len(space)}d"
    shape = (*frame.head, out, *space)
    y = t.layer(layer, [value], shape, value.batch, fields, tensors)
    if frame.items is not None:
        y = turned(t, y, place)
    y = unframed(t, y, frame)
    if isinstance(bias, Value):
        y = combine(t, "add", [y, reshape(t, bias, (out, *(1,) * dims))])
    return y


def by_taps(
    t: Tracer,
    frame: Framed,
    weight: Value,
    bias: Traced | None,
    *,
    stride: Sequence[int],
    padding: Sequence[Side],
    dilation: Sequence[int],
    groups: int,
) -> Value:
    """Convolve with a kernel that is computed: one product for each of its places, added up."""
    out, inside, *kernel = weight.shape
    if prod(kernel) > MOST_TAPS or weight.batch is not None:
        t.refuse(f"a kernel of {kernel} is computed while the network runs, for each sample or "
                 f"of more than {MOST_TAPS} places")  # fmt: skip
    x = frame.value
    front = len(x.shape) - len(kernel) - 1
    around = [(p, p) if isinstance(p, int) else p for p in padding]
    whole = pad(t, x, [(0, 0)] * (front + 1) + around)
    places = [
        range(0, whole.shape[front + 1 + axis] - d * (k - 1), s)
        for axis, (k, d, s) in enumerate(zip(kernel, dilation, stride, strict=True))
    ]
    leading, space = "NT"[:front], "DHW"[: len(kernel)]
    sizes = [len(each) for each in places]
    parts: list[Traced] = []
    for tap in product(*(range(k) for k in kernel)):
        cut: Traced = whole
        own: Traced = weight
        for axis, (at, run, d) in enumerate(zip(tap, places, dilation, strict=True)):
            first = at * d
            cut = slice_(t, cut, front + 1 + axis, first, first + run[-1] + 1, run.step)
            own = select(t, own, 2, at)
        cut = reshape(t, cut, (*x.shape[:front], groups, inside, *sizes))
        own = reshape(t, own, (groups, out // groups, inside))
        words = [leading + "gi" + space, "goi"]
        part = contract(t, words, leading + "go" + space, [cut, own])
        parts.append(reshape(t, part, (*x.shape[:front], out, *sizes)))
    y = combine(t, "add", parts) if len(parts) > 1 else t.value(parts[0])
    if bias is not None:
        y = combine(t, "add", [y, reshape(t, bias, (out, *(1,) * len(kernel)))])
    return unframed(t, y, frame)


MOST_TAPS, MOST_AXES = 64, 3


def turned(t: Tracer, x: Value, place: int) -> Value:
    """Exchange channels and the items beside samples, which lie next to each other."""
    order = list(range(len(x.shape)))
    order[place], order[place + 1] = order[place + 1], order[place]
    return t.value(permute(t, x, order))


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is by default, and write one number where all are equal."""
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    short = {
        name: sizes[0] if all(s == sizes[0] and isinstance(s, int) for s in sizes) else sizes
        for name, sizes in fields.items()
    }
    return {name: size for name, size in short.items() if defaults.get(name) != size}


def _extent(
    size: int, kernel: int, stride: int, side: Any, dilation: int, extra: int, transposed: bool
) -> int:
    both = sum(side) if isinstance(side, list) else 2 * side
    reach = dilation * (kernel - 1) + 1
    if transposed:
        return int((size - 1) * stride - both + reach + extra)
    return int((size + both - reach) // stride + 1)
