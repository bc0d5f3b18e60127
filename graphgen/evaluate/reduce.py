"""Pooling, in numpy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.window import windows
from spec.primitives import Reduce

Array = NDArray[Any]


def run(primitive: Reduce, x: Array) -> Array:
    """Take the maximum or the mean over windows, or over adaptive bins, of x (N, C, *space)."""
    if primitive.output_size:
        return adaptive(primitive, x)
    kernel = primitive.kernel_size
    pads = ((0, 0), (0, 0), *((p, p) for p in primitive.padding))
    taps = tuple(range(-len(kernel), 0))
    if primitive.statistic == "max":
        padded = np.pad(x, pads, constant_values=-np.inf)
        result: Array = windows(padded, kernel, primitive.stride).max(taps)
        return result
    total: Array = windows(np.pad(x, pads), kernel, primitive.stride).sum(taps)
    if primitive.count_include_pad:
        return total / np.asarray(np.prod(kernel), dtype=x.dtype)
    ones = np.pad(np.ones((1, 1, *x.shape[2:]), dtype=x.dtype), pads)
    return total / windows(ones, kernel, primitive.stride).sum(taps)


def adaptive(primitive: Reduce, x: Array) -> Array:
    """Reduce over bins from `floor(i n / bins)` to `ceil((i + 1) n / bins)`."""
    space, bins = x.shape[2:], primitive.output_size
    result = np.empty((*x.shape[:2], *bins), dtype=x.dtype)
    axes = tuple(range(2, x.ndim))
    for cell in product(*(range(count) for count in bins)):
        part = tuple(
            slice(i * n // count, -(-(i + 1) * n // count))
            for i, n, count in zip(cell, space, bins, strict=True)
        )
        values = x[(slice(None), slice(None), *part)]
        reduced = values.max(axes) if primitive.statistic == "max" else values.mean(axes)
        result[(slice(None), slice(None), *cell)] = reduced
    return result
