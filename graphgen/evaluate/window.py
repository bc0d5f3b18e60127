"""A convolution, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Window


def windows(
    x: NDArray[Any],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...] | None = None,
) -> NDArray[Any]:
    """View x (N, C, *space) as its windows (N, C, *positions, *kernel), without a copy."""
    dims = len(kernel)
    dilation = dilation or (1,) * dims
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(2, 2 + dims)))
    steps = tuple(slice(None, None, s) for s in stride)
    taps = tuple(slice(None, None, d) for d in dilation)
    return view[(slice(None), slice(None), *steps, *taps)]


def run(primitive: Window, x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """Convolve x (N, C, *space) with weight (out, C / groups, *kernel)."""
    groups, kernel = primitive.groups, weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in primitive.padding)))
    view = windows(x, kernel, primitive.stride, primitive.dilation)
    batch, channels, positions = view.shape[0], view.shape[1], view.shape[2 : 2 + len(kernel)]
    view = view.reshape(batch, groups, channels // groups, *positions, *kernel)
    filters = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    space, taps = "xyz"[: len(kernel)], "uvw"[: len(kernel)]
    equation = f"ngi{space}{taps},goi{taps}->ngo{space}"
    result: NDArray[Any] = np.einsum(equation, view, filters, optimize=True)
    return result.reshape(batch, weight.shape[0], *positions)
