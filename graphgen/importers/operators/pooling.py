"""Maxima and means over windows of space, or over equal parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators.samples import framed, merged, split_again
from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer


def pool(
    t: Tracer,
    statistic: str,
    x: Traced,
    kernel_size: Sequence[int],
    *,
    stride: Sequence[int] = (),
    padding: Sequence[int] = (),
    dilation: Sequence[int] = (),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """Take the `max` or the `avg` over windows of `[..., channels, *space]`."""
    dims = len(kernel_size)
    frame = framed(t, t.value(x), dims + 1)
    value = merged(t, frame)
    steps = list(stride) or list(kernel_size)
    pads = list(padding) or [0] * dims
    spread = list(dilation) or [1] * dims
    space = [
        _windows(*row, ceil_mode=ceil_mode)
        for row in zip(value.shape[-dims:], kernel_size, steps, pads, spread, strict=True)
    ]
    if min(space) < 1:
        t.refuse(f"a window of {list(kernel_size)} does not fit into {list(value.shape)}")
    fields: dict[str, Any] = {"kernel_size": _short(kernel_size)}
    if steps != list(kernel_size):
        fields["stride"] = _short(steps)
    if any(pads):
        fields["padding"] = _short(pads)
    if statistic == "max" and any(d != 1 for d in spread):
        fields["dilation"] = _short(spread)
    if ceil_mode:
        fields["ceil_mode"] = True
    if statistic == "avg" and not count_include_pad and any(pads):
        fields["count_include_pad"] = False
    if divisor_override is not None:
        fields["divisor_override"] = int(divisor_override)
    shape = (*value.shape[:-dims], *space)
    y = t.layer(f"{statistic}_pool{dims}d", [value], shape, value.batch, fields)
    return split_again(t, y, frame)


def adaptive_pool(t: Tracer, statistic: str, x: Traced, sizes: Sequence[int | None]) -> Value:
    """Take the `max` or the `avg` over so many parts of each axis of `[..., channels, *space]`."""
    dims = len(sizes)
    frame = framed(t, t.value(x), dims + 1)
    value = merged(t, frame)
    space = [
        size if goal is None else int(goal)
        for goal, size in zip(sizes, value.shape[-dims:], strict=True)
    ]
    shape = (*value.shape[:-dims], *space)
    fields = {"output_size": _short(space)}
    y = t.layer(f"adaptive_{statistic}_pool{dims}d", [value], shape, value.batch, fields)
    return split_again(t, y, frame)


def _windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool
) -> int:
    """Count windows; with `ceil_mode` the last one may reach out, but begins before the end."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return int(room // stride + 1)
    count = -(-room // stride) + 1
    return int(count - 1 if (count - 1) * stride >= size + padding else count)


def _short(sizes: Sequence[int]) -> int | list[int]:
    plain = [int(n) for n in sizes]
    return plain[0] if len(set(plain)) == 1 else plain
