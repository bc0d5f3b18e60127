"""Values side by side, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Concat


def run(primitive: Concat, *values: NDArray[Any]) -> NDArray[Any]:
    """Join values (N, ...) along one axis."""
    return np.concatenate(values, primitive.axis + 1)
