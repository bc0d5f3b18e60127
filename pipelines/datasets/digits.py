"""Handwritten digits of 8x8 pixels that scikit-learn ships: no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.datasets.dataset import Pixels

_SEED = 0
_TRAIN_FRACTION = 1000 / 1797
# Over all 1,797 images, in units of the largest pixel value, 16.
_MEAN, _STD = 0.3053, 0.3761


def load(root: Path | None = None) -> Pixels:
    """Load the digits: 1,000 training and 797 test images, `(1, 8, 8)`, split by class at random.

    The split is the same on every machine; `root` is not used, since nothing is read from disk.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images[:, None].astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train = _training(labels)
    return Pixels(
        "digits",
        *(images[train], labels[train], images[~train], labels[~train]),
        classes=10,
        peak=16,
        mean=[_MEAN],
        std=[_STD],
    )


def _training(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    # RandomState, unlike Generator, promises the same stream in every version of numpy.
    rng = np.random.RandomState(_SEED)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(len(members) * _TRAIN_FRACTION)]] = True
    return chosen
