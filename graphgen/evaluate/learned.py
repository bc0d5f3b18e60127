"""A parameter as a value, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Learned


def run(primitive: Learned, x: NDArray[Any], parameter: NDArray[Any]) -> NDArray[Any]:
    """Give each of the samples of x (N, ...) the parameter."""
    return np.broadcast_to(parameter, (x.shape[0], *parameter.shape))
