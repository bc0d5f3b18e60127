"""The form that every data set takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images with the split into training and test that their publishers chose.

    Attributes:
        name: the name that `load` takes.
        train_images: float32 `(N, C, H, W)`, standardised by constants fixed per data set.
        train_labels: int64 `(N,)`, from 0 to `classes - 1`.
        test_images: float32 `(M, C, H, W)`, standardised by the same constants.
        test_labels: int64 `(M,)`.
        classes: the number of classes.
    """

    name: str
    train_images: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.float32]
    test_labels: npt.NDArray[np.int64]
    classes: int


def standardise(
    batches: Sequence[npt.NDArray[np.generic]],
    *,
    peak: float,
    mean: Sequence[float],
    std: Sequence[float],
) -> npt.NDArray[np.float32]:
    """Concatenate batches of pixels `(N, C, H, W)` as float32 `(pixels / peak - mean) / std`.

    `peak` is the largest value that a pixel can take; `mean` and `std` have one value a channel.
    """
    scale = np.array([1 / (peak * s) for s in std], np.float32).reshape(-1, 1, 1)
    shift = np.array([-m / s for m, s in zip(mean, std, strict=True)], np.float32)
    images = np.empty((sum(map(len, batches)), *batches[0].shape[1:]), np.float32)
    begin = 0
    for pixels in batches:
        # Chunks that fit the cache: each page of the result is touched once.
        for first in range(0, len(pixels), _CHUNK):
            source = pixels[first : first + _CHUNK]
            target = images[begin : begin + len(source)]
            target[...] = source
            target *= scale
            target += shift.reshape(-1, 1, 1)
            begin += len(source)
    return images
