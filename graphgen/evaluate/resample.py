"""Interpolation in space, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Resample


def run(primitive: Resample, x: NDArray[Any]) -> NDArray[Any]:
    """Bring x (N, C, *space) to another size, one axis after the other."""
    for axis, size in enumerate(primitive.size, start=2):
        before = x.shape[axis]
        if primitive.mode == "nearest":
            x = x.take(np.arange(size) * before // size, axis)
            continue
        places = sources(before, size, primitive.align_corners)
        low = places.astype(np.int64)
        high = np.minimum(low + 1, before - 1)
        share = (places - low).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        x = x.take(low, axis) * (1 - share) + x.take(high, axis) * share
    return x


def sources(before: int, after: int, align_corners: bool) -> NDArray[np.float64]:
    """Say where between the old positions each new position of one axis lies."""
    if align_corners:
        places = np.arange(after) * ((before - 1) / max(after - 1, 1))
    else:
        places = np.clip((np.arange(after) + 0.5) * (before / after) - 0.5, 0, before - 1)
    return places.astype(np.float64)
