"""Images as signals: pixels in [0, 1] on a grid."""

from __future__ import annotations

import numpy as np

from pipelines import datasets
from pipelines.signals.signal_set import Signal, SignalSet, grid


class Images(SignalSet):
    """The images of a data set, as their official files have them, by their official split.

    A value is the official byte divided by the largest that there can be; the label is `class`.
    """

    peak = 1.0

    def __init__(self, name: str) -> None:
        self._pixels = datasets.load_pixels(name)
        _, self.channels, *size = self._pixels.train_images.shape
        self.dimensions = len(size)
        self.sizes = {
            "train": len(self._pixels.train_images),
            "test": len(self._pixels.test_images),
        }
        self._grid = grid(*size)

    def _signal(self, split: str, number: int) -> Signal:
        image = getattr(self._pixels, f"{split}_images")[number]
        values = np.moveaxis(image, 0, -1).reshape(-1, self.channels).astype(np.float32)
        label = int(getattr(self._pixels, f"{split}_labels")[number])
        return Signal(self._grid, values / np.float32(self._pixels.peak), {"class": label})
