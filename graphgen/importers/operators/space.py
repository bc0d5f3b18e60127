"""Interpolation, windows side by side and together again, and channels moved into space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from graphgen.importers.operators import joining
from graphgen.importers.operators.elementwise import combine
from graphgen.importers.operators.samples import framed, merged, split_again, unframed
from graphgen.importers.operators.shapes import reshape, transpose
from graphgen.importers.operators.taking import narrow, select
from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer


def upsample(t: Tracer, x: Traced, goal: Sequence[int], fields: Mapping[str, Any]) -> Value:
    """Apply the layer `upsample` to `[..., channels, *space]`, whose new space is `goal`."""
    frame = framed(t, t.value(x), len(goal) + 1)
    value = merged(t, frame)
    shape = (*value.shape[: -len(goal)], *goal)
    return split_again(t, t.layer("upsample", [value], shape, value.batch, fields), frame)


def pixel_shuffle(t: Tracer, x: Traced, factor: int, *, undone: bool = False) -> Value:
    """Move channels into space, or back, of `[..., channels, height, width]`."""
    value = t.value(x)
    for axis in (-1, -2, -3):
        t.axis(value, axis)
    *front, channels, height, width = value.shape
    if undone:
        shape = (*front, channels * factor**2, height // factor, width // factor)
        fields = {"downscale_factor": factor}
        return t.layer("pixel_unshuffle", [value], shape, value.batch, fields)
    shape = (*front, channels // factor**2, height * factor, width * factor)
    return t.layer("pixel_shuffle", [value], shape, value.batch, {"upscale_factor": factor})


def channel_shuffle(t: Tracer, x: Traced, groups: int) -> Traced:
    """Deal the channels of `[N, channels, *space]` out among groups."""
    value = t.value(x)
    frame = framed(t, value, len(value.shape) - 1)
    if frame.items is None:
        inner = frame.value
        y = t.layer("channel_shuffle", [inner], inner.shape, inner.batch, {"groups": groups})
        return unframed(t, y, frame)
    front, channels, *rest = value.shape
    cut = reshape(t, value, (front, groups, channels // groups, *rest))
    return reshape(t, transpose(t, cut, 1, 2), value.shape)


def unfold(
    t: Tracer,
    x: Traced,
    kernel_size: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[int],
    stride: Sequence[int],
) -> Value:
    """Give the windows of `[..., channels, height, width]` side by side, as `torch.nn.Unfold`."""
    frame = framed(t, t.value(x), 3)
    value = merged(t, frame)
    counts = _counts(value.shape[-2:], kernel_size, dilation, padding, stride)
    fields = {
        name: list(sizes)
        for name, sizes, default in (
            ("kernel_size", kernel_size, None), ("dilation", dilation, 1),
            ("padding", padding, 0), ("stride", stride, 1),
        )
        if any(n != default for n in sizes)
    }  # fmt: skip
    channels = value.shape[-3] * prod(kernel_size)
    shape = (*value.shape[:-3], channels, prod(counts))
    y = t.layer("unfold", [value], shape, value.batch, fields)
    return split_again(t, y, frame)


def fold(
    t: Tracer,
    x: Traced,
    size: Sequence[int],
    kernel_size: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[int],
    stride: Sequence[int],
) -> Traced:
    """Add windows `[..., channels * window, windows]` up where they lie, as `torch.nn.Fold`."""
    counts = _counts(size, kernel_size, dilation, padding, stride)
    *front, rows, _ = x.shape
    cut = reshape(t, x, (*front, rows // prod(kernel_size), *kernel_size, *counts))
    whole = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    axis = len(front) + 1
    parts: list[Traced] = []
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            part = select(t, select(t, cut, axis, i), axis, j)
            for place, (at, step, spread, total) in enumerate(
                zip((i, j), stride, dilation, whole, strict=True)
            ):
                part = _placed(t, part, axis + place, at * spread, step, total)
            parts.append(part)
    y: Traced = combine(t, "add", parts) if len(parts) > 1 else parts[0]
    for place, (n, p) in enumerate(zip(size, padding, strict=True)):
        y = narrow(t, y, axis + place, p, n)
    return y


def _placed(t: Tracer, x: Traced, axis: int, start: int, step: int, total: int) -> Traced:
    """Put the items of an axis at `start`, `start + step` and so on of `total`, with 0 between."""
    count = x.shape[axis]
    if step > 1:
        wide = reshape(t, x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]))
        around = [(0, 0)] * len(wide.shape)
        around[axis + 1] = (0, step - 1)
        wide = joining.pad(t, wide, around)
        x = reshape(t, wide, (*x.shape[:axis], count * step, *x.shape[axis + 1 :]))
    around = [(0, 0)] * len(x.shape)
    around[axis] = (start, total - start - x.shape[axis])
    return joining.pad(t, x, around)


def _counts(size: Sequence[int], *fields: Sequence[int]) -> list[int]:
    kernel_size, dilation, padding, stride = fields
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel_size, dilation, padding, stride, strict=True)
    ]
