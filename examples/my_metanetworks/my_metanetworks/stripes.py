"""A data set: stripes of two directions, with noise."""

from pathlib import Path

import numpy as np

from pipelines.datasets import Pixels

PEAK = 255


def load(root: Path | None = None) -> Pixels:
    """Draw 400 training and 200 test images, (1, 8, 8), the same on each call."""
    images, labels = zip(*(drawn(seed, count) for seed, count in ((0, 400), (1, 200))), strict=True)
    return Pixels(
        "stripes",
        *(images[0], labels[0], images[1], labels[1]),
        classes=2,
        peak=PEAK,
        mean=[0.5],
        std=[0.3],
    )


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images, uint8 (count, 1, 8, 8), and whether their stripes are upright, int64."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    waves = np.sin(np.arange(8) * rng.uniform(1, 2, (count, 1)) + rng.uniform(0, 6, (count, 1)))
    lying = np.broadcast_to(waves[:, :, None], (count, 8, 8))
    values = np.where(labels[:, None, None] == 1, lying.transpose(0, 2, 1), lying)
    noisy = 0.5 + 0.25 * values + rng.normal(0, 0.1, (count, 8, 8))
    pixels = np.clip(np.rint(PEAK * noisy), 0, PEAK).astype(np.uint8)
    return pixels[:, None], labels.astype(np.int64)
