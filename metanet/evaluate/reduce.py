"""Pooling, in torch."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor

from spec.primitives import Reduce

WHOLE: dict[str, Callable[[Tensor, tuple[int, ...], bool], Tensor]] = {
    "max": lambda x, axes, keep: x.amax(axes, keep),
    "mean": lambda x, axes, keep: x.mean(axes, keep),
    "sum": lambda x, axes, keep: x.sum(axes, keep),
    "logsumexp": lambda x, axes, keep: x.logsumexp(axes, keep),
}
ADAPTIVE: dict[tuple[str, int], Callable[..., Tensor]] = {
    ("max", 1): F.adaptive_max_pool1d,
    ("max", 2): F.adaptive_max_pool2d,
    ("mean", 1): F.adaptive_avg_pool1d,
    ("mean", 2): F.adaptive_avg_pool2d,
    ("max", 3): F.adaptive_max_pool3d,
    ("mean", 3): F.adaptive_avg_pool3d,
}
SLIDING: dict[int, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    1: (F.max_pool1d, F.avg_pool1d),
    2: (F.max_pool2d, F.avg_pool2d),
    3: (F.max_pool3d, F.avg_pool3d),
}


def kthvalue(x: Tensor, k: int, axes: tuple[int, ...], keep: bool) -> Tensor:
    """Give the k-th number over some axes, in ascending order."""
    last = x.movedim(axes, tuple(range(-len(axes), 0)))
    rows = last.reshape(*last.shape[: x.ndim - len(axes)], -1)
    found = rows.sort(-1).values[..., k - 1]
    if not keep:
        return found
    return found.reshape([1 if axis in axes else n for axis, n in enumerate(x.shape)])


def run(primitive: Reduce, training: bool, x: Tensor) -> Tensor:
    """Take the maximum or the mean over windows, or over adaptive bins, of x (N, C, *space)."""
    if primitive.axes:
        over = tuple(axis + 1 for axis in primitive.axes)
        if primitive.statistic == "kthvalue":
            return kthvalue(x, primitive.k, over, primitive.keepdim)
        return WHOLE[primitive.statistic](x, over, primitive.keepdim)
    if primitive.output_size:
        sizes = zip(primitive.output_size, x.shape[2:], strict=True)
        bins = [count or size for count, size in sizes]
        return ADAPTIVE[primitive.statistic, len(bins)](x, bins)
    maximum, mean = SLIDING[len(primitive.kernel_size)]
    window = (primitive.kernel_size, primitive.stride)
    if primitive.statistic == "max":
        ceil = any(primitive.overhangs)
        return maximum(x, *window, primitive.padding, primitive.dilations, ceil)
    # Padded beforehand, since the operator of three axes wants windows that fit without.
    around = [size for size in reversed(primitive.padding) for _ in range(2)]
    beyond = [size for over in reversed(primitive.overhangs) for size in (0, over)]
    result = mean(F.pad(F.pad(x, around), beyond), *window)
    if primitive.divisor:
        return result * (prod(primitive.kernel_size) / primitive.divisor)
    if not any(beyond) and (primitive.count_include_pad or not any(around)):
        return result
    counted = F.pad(torch.ones_like(x[:1]), around, value=float(primitive.count_include_pad))
    return result / mean(F.pad(counted, beyond), *window)
