"""A convolution, in numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.preparation import prepared
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
    if primitive.prepared is not None:
        ready = prepared(primitive.prepared, weight)
        return run(replace(primitive, prepared=None), x, ready)
    if primitive.symmetry:
        return turned(primitive, x, weight)
    if primitive.transposed:
        return transposed(primitive, x, weight)
    groups, kernel = primitive.groups, weight.shape[2:]
    pads = ((0, 0), (0, 0), *((p, p) for p in primitive.padding))
    mode = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    x = np.pad(x, pads, mode=mode[primitive.padding_mode])  # type: ignore[call-overload]
    view = windows(x, kernel, primitive.stride, primitive.dilation)
    batch, channels, positions = view.shape[0], view.shape[1], view.shape[2 : 2 + len(kernel)]
    view = view.reshape(batch, groups, channels // groups, *positions, *kernel)
    filters = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    space, taps = "xyz"[: len(kernel)], "uvw"[: len(kernel)]
    equation = f"ngi{space}{taps},goi{taps}->ngo{space}"
    result: NDArray[Any] = np.einsum(equation, view, filters, optimize=True)
    return result.reshape(batch, weight.shape[0], *positions)


def transposed(primitive: Window, x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """Convolve x with zeros between its items, and the kernel mirrored."""
    kernel = weight.shape[2:]
    spread = np.zeros(
        (
            *x.shape[:2],
            *((n - 1) * s + 1 for n, s in zip(x.shape[2:], primitive.stride, strict=True)),
        ),
        dtype=x.dtype,
    )
    spread[(slice(None), slice(None), *(slice(None, None, s) for s in primitive.stride))] = x
    extra = primitive.output_padding or (0,) * len(kernel)
    edges = [
        (d * (k - 1) - p, d * (k - 1) - p + e)
        for d, k, p, e in zip(primitive.dilation, kernel, primitive.padding, extra, strict=True)
    ]
    spread = np.pad(spread, ((0, 0), (0, 0), *((max(a, 0), max(b, 0)) for a, b in edges)))
    cut = tuple(
        slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(edges, spread.shape[2:], strict=True)
    )
    spread = spread[(slice(None), slice(None), *cut)]
    groups = primitive.groups
    filters = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:]).swapaxes(1, 2)
    filters = np.flip(filters.reshape(-1, *filters.shape[2:]), tuple(range(2, 2 + len(kernel))))
    ones = (1,) * len(kernel)
    return run(Window(ones, (0,) * len(kernel), primitive.dilation, groups), spread, filters)


def turned(primitive: Window, x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """Convolve with a kernel in all orientations."""
    count = primitive.orientations
    filters = np.stack([orient(weight, r) for r in range(count)], axis=1)
    filters = filters.reshape(weight.shape[0] * count, -1, *weight.shape[-2:])
    merged = x.reshape(x.shape[0], -1, *x.shape[-2:])
    result = run(replace(primitive, symmetry=""), merged, filters)
    return result.reshape(x.shape[0], weight.shape[0], count, *result.shape[2:])


def orient(weight: NDArray[Any], r: int) -> NDArray[Any]:
    """Turn a kernel (mirrored if r > 3), and the orientations that it takes with it."""
    turns, mirrored = r % 4, r > 3
    kernel = np.flip(weight, -1) if mirrored else weight
    kernel = np.rot90(kernel, turns, (-2, -1))
    if weight.ndim == 4:
        return kernel
    return kernel[:, :, sources(weight.shape[2], r)]


def sources(count: int, r: int) -> list[int]:
    """Give, for each orientation s of the input, the one of the kernel that `r` takes to it.

    An orientation is a mirroring m and then t quarter turns; `r^-1 s` has mirroring m_r xor m_s,
    and t_s - t_r turns, backwards if r mirrors.
    """
    result = []
    for s in range(count):
        turns = (s % 4 - r % 4) * (-1 if r > 3 else 1) % 4
        result.append(turns + 4 * ((r > 3) != (s > 3)))
    return result
