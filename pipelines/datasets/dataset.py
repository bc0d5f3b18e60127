"""The form that every data set takes: pixels as published, and images standardised."""

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


@dataclass(frozen=True, eq=False)
class Pixels:
    """Labelled images as their publishers' files have them: the bytes, unchanged.

    Attributes:
        name: the name that `load` takes.
        train_images: uint8 `(N, C, H, W)`, from 0 to `peak`.
        train_labels: int64 `(N,)`, from 0 to `classes - 1`.
        test_images: uint8 `(M, C, H, W)`.
        test_labels: int64 `(M,)`.
        classes: the number of classes.
        peak: the largest value that a pixel can take.
        mean: of each channel, in units of `peak`: the usual constants of this data set.
        std: the standard deviation of each channel, likewise.
    """

    name: str
    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    classes: int
    peak: int
    mean: Sequence[float]
    std: Sequence[float]

    def standardised(self) -> Dataset:
        """Give the images as float32 `(pixels / peak - mean) / std`."""
        train, test = (
            standardise(images, peak=self.peak, mean=self.mean, std=self.std)
            for images in (self.train_images, self.test_images)
        )
        return Dataset(self.name, train, self.train_labels, test, self.test_labels, self.classes)


def standardise(
    pixels: npt.NDArray[np.uint8], *, peak: float, mean: Sequence[float], std: Sequence[float]
) -> npt.NDArray[np.float32]:
    """Give pixels `(N, C, H, W)` as float32 `(pixels / peak - mean) / std`.

    `peak` is the largest value that a pixel can take; `mean` and `std` have one value a channel.
    """
    scale = np.array([1 / (peak * s) for s in std], np.float32).reshape(-1, 1, 1)
    shift = np.array([-m / s for m, s in zip(mean, std, strict=True)], np.float32)
    images = np.empty(pixels.shape, np.float32)
    # Chunks that fit the cache: each page of the result is touched once.
    for first in range(0, len(pixels), _CHUNK):
        target = images[first : first + _CHUNK]
        target[...] = pixels[first : first + _CHUNK]
        target *= scale
        target += shift.reshape(-1, 1, 1)
    return images
