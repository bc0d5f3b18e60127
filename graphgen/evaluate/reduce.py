"""Pooling, in numpy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.window import windows
from spec.primitives import Reduce

Array = NDArray[Any]

WHOLE: dict[str, Callable[[Array, tuple[int, ...], bool], Any]] = {
    "max": lambda x, axes, keep: x.max(axes, keepdims=keep),
    "mean": lambda x, axes, keep: x.mean(axes, keepdims=keep),
    "sum": lambda x, axes, keep: x.sum(axes, keepdims=keep),
    "logsumexp": lambda x, axes, keep: logsumexp(x, axes, keep),
}


def logsumexp(x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    """Compute the logarithm of the sum of exponentials without overflow."""
    top = x.max(axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):
        total: Array = np.log(np.exp(x - top).sum(axes, keepdims=True)) + top
    return total if keep else total.squeeze(axes)


def kthvalue(x: Array, k: int, axes: tuple[int, ...], keep: bool) -> Array:
    """Give the k-th number over some axes, in ascending order."""
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    rows = last.reshape(*last.shape[: x.ndim - len(axes)], -1)
    found: Array = np.partition(rows, k - 1, axis=-1)[..., k - 1]
    return np.expand_dims(found, axes) if keep else found


def run(primitive: Reduce, x: Array) -> Array:
    """Take the maximum or the mean over windows, or over adaptive bins, of x (N, C, *space)."""
    if primitive.axes:
        over = tuple(axis + 1 for axis in primitive.axes)
        if primitive.statistic == "kthvalue":
            return kthvalue(x, primitive.k, over, primitive.keepdim)
        whole: Array = np.asarray(WHOLE[primitive.statistic](x, over, primitive.keepdim))
        return whole
    if primitive.output_size:
        return adaptive(primitive, x)
    kernel = primitive.kernel_size
    none = ((0, 0), (0, 0))
    inner = (*none, *((p, p) for p in primitive.padding))
    beyond = (*none, *((0, o) for o in primitive.overhangs))
    pads = tuple((p, q + o) for (p, q), (_, o) in zip(inner, beyond, strict=True))
    taps = tuple(range(-len(kernel), 0))
    if primitive.statistic == "max":
        padded = np.pad(x, pads, constant_values=-np.inf)
        view = windows(padded, kernel, primitive.stride, primitive.dilations)
        largest: Array = view.max(taps)
        return largest
    total: Array = windows(np.pad(x, pads), kernel, primitive.stride).sum(taps)
    if primitive.divisor:
        return total / primitive.divisor
    # Where padding does not count, a window's size is the sum of ones inside the borders.
    ones = np.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    padded = np.pad(ones, inner, constant_values=float(primitive.count_include_pad))
    padded = np.pad(padded, beyond)
    result: Array = total / windows(padded, kernel, primitive.stride).sum(taps)
    return result


def adaptive(primitive: Reduce, x: Array) -> Array:
    """Reduce over bins from `floor(i n / bins)` to `ceil((i + 1) n / bins)`."""
    space = x.shape[2:]
    bins = [count or size for count, size in zip(primitive.output_size, space, strict=True)]
    result = np.empty((*x.shape[:2], *bins), dtype=x.dtype)
    axes = tuple(range(2, x.ndim))
    for cell in product(*(range(count) for count in bins)):
        part: tuple[slice, ...] = tuple(
            slice(i * n // count, -(-(i + 1) * n // count))
            for i, n, count in zip(cell, space, bins, strict=True)
        )
        values: Array = x[(slice(None), slice(None), *part)]
        reduced = values.max(axes) if primitive.statistic == "max" else values.mean(axes)
        place: tuple[Any, ...] = (..., *cell)
        result[place] = reduced
    return result
