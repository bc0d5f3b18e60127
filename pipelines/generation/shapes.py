"""Measures of solids that are given as signed distances on a grid, negative inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.inrs.decode import occupancy_iou


def shape_measures(distances: NDArray[np.float32], sizes: Sequence[int]) -> dict[str, float]:
    """Give shares of solids (N, points): not empty, closed within the grid, and in one piece.

    A closed one is not empty, and has no point on the grid's border inside, so that its surface has
    no hole; one in one piece is closed too.

    >>> shape_measures(np.array([[1, 1, 1, 1, -1, 1, 1, 1, 1]]), (3, 3))
    {'nonempty': 1.0, 'closed': 1.0, 'one_piece': 1.0}
    """
    from scipy.ndimage import label

    inside = (distances < 0).reshape(-1, *sizes)
    core = inside[(slice(None), *[slice(1, -1)] * len(sizes))]
    axes = tuple(range(1, len(sizes) + 1))
    nonempty = inside.any(axes)
    closed = nonempty & (inside.sum(axes) == core.sum(axes))
    single = closed & np.array([label(solid)[1] == 1 for solid in inside], dtype=bool)
    return {
        "nonempty": float(nonempty.mean()),
        "closed": float(closed.mean()),
        "one_piece": float(single.mean()),
    }


def mean_iou(distances: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Give the mean intersection over union of pairs of solids, (N, points) each."""
    return float(occupancy_iou(distances, others).mean())
