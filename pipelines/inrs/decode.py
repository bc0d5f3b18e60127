"""Decoding: the values of the signals that a stack of networks encodes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from metanet.evaluate import run_stack
from spec import Architecture


def decode(
    net: Architecture,
    weights: Mapping[str, Tensor],
    coordinates: Tensor,
    offset: float | Tensor = 0.0,
) -> Tensor:
    """Evaluate a stack of INRs at coordinates, as a differentiable function of their weights.

        images = decode(net, weights, torch.from_numpy(grid(28, 28)), offset=0.5)

    Args:
        net: the architecture of all of them.
        weights: tensors by name, `(N, ...)`: N networks, one after the other.
        coordinates: `(P, d)`, the same for all of them, or `(N, P, d)`, their own.
        offset: what their convention adds to the outputs, the `offset` of their records: a number,
            or `(N,)`.

    Returns:
        The values `(N, P, c)`, of the weights' dtype.
    """
    values = run_stack(net, weights, coordinates)
    return values + (offset.reshape(-1, 1, 1) if isinstance(offset, Tensor) else offset)


def psnr(error: ArrayLike, peak: ArrayLike) -> np.ndarray:
    """Give peak signal-to-noise ratios in dB: of mean squared errors, for the largest value.

    >>> psnr([0.01], 1.0)
    array([20.])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            10 * np.log10(np.square(np.asarray(peak, np.float64)) / np.asarray(error))
        )


def occupancy_iou(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Compare solids by signed distances at the same points, `(..., P)`: intersection over union.

    Points with negative distances are inside; two solids that have none agree.

    >>> occupancy_iou([-1, -1, 1], [-1, 1, 1])
    array(0.5)
    """
    one, two = np.asarray(first) < 0, np.asarray(second) < 0
    either = (one | two).sum(-1)
    both = (one & two).sum(-1)
    return np.where(either == 0, 1.0, both / np.maximum(either, 1))
