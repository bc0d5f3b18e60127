"""Convolutions, as all of torch's operators for them say their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators.convolution import Side, convolution
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


def spread(given: int | Sequence[int], dims: int) -> list[int]:
    """Give a number for each axis of space."""
    sizes = [given] if isinstance(given, int) else list(given)
    return sizes * dims if len(sizes) == 1 else sizes


@aten("conv1d", "conv2d", "conv3d")
def conv(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Traced:
    dims = len(weight.shape) - 2
    wide = spread(dilation, dims)
    sides: list[Side]
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(wide, weight.shape[2:], strict=True)]
        sides = [n // 2 if n % 2 == 0 else (n // 2, n - n // 2) for n in reach]
    else:
        sides = list(spread(0 if padding == "valid" else padding, dims))
    return convolution(
        t, x, weight, bias, stride=spread(stride, dims), padding=sides, dilation=wide, groups=groups
    )


@aten("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Traced:
    dims = len(weight.shape) - 2
    return convolution(
        t, x, weight, bias, stride=spread(stride, dims), padding=spread(padding, dims),
        dilation=spread(dilation, dims), groups=groups, transposed=True,
        output_padding=spread(output_padding, dims),
    )  # fmt: skip


@aten("convolution", "_convolution")
def general(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    *rest: Any,
) -> Traced:
    if transposed:
        return conv_transpose(t, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(t, x, weight, bias, stride, padding, dilation, groups)
