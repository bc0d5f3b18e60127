"""The learning rate over a training, as a share of the highest one."""

from __future__ import annotations

import math


def one_cycle(progress: float, warm_up: float = 0.15, floor: float = 0.001) -> float:
    """Give the share of the highest learning rate: up linearly, then down along a cosine.

    >>> one_cycle(0.0), one_cycle(0.15), round(one_cycle(1.0), 6)
    (0.001, 1.0, 0.001)
    """
    if progress < warm_up:
        return floor + (1 - floor) * progress / warm_up
    along = (progress - warm_up) / (1 - warm_up)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * along))
