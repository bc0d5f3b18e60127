"""Pooling."""

from __future__ import annotations

from typing import Any

from graphgen.importers.operators import pooling
from graphgen.importers.torch.operators.convolution import spread
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


def dims_of(t: Tracer) -> int:
    """Give the axes of space that an operator's name says."""
    return int(t.source.split("pool")[1][0])


@aten("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(
    t: Tracer,
    x: Traced,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Traced:
    dims = dims_of(t)
    return pooling.pool(
        t, "max", x, spread(kernel, dims), stride=spread(stride, dims),
        padding=spread(padding, dims), dilation=spread(dilation, dims), ceil_mode=ceil_mode,
    )  # fmt: skip


@aten("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def max_pool_with_places(t: Tracer, x: Traced, *rest: Any, **named: Any) -> list[Any]:
    return [max_pool(t, x, *rest, **named), None]


@aten("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(
    t: Tracer,
    x: Traced,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Traced:
    dims = dims_of(t)
    return pooling.pool(
        t, "avg", x, spread(kernel, dims), stride=spread(stride, dims),
        padding=spread(padding, dims), ceil_mode=ceil_mode, count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )  # fmt: skip


@aten("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
      "_adaptive_avg_pool3d")  # fmt: skip
def adaptive_avg_pool(t: Tracer, x: Traced, sizes: Any) -> Traced:
    return pooling.adaptive_pool(t, "avg", x, spread(sizes, dims_of(t)))


@aten("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(t: Tracer, x: Traced, sizes: Any) -> list[Any]:
    return [pooling.adaptive_pool(t, "max", x, spread(sizes, dims_of(t))), None]
