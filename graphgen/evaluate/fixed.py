"""Fixed values, in numpy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Fixed


def run(primitive: Fixed, x: NDArray[Any]) -> NDArray[Any]:
    """Give each of the samples of x (N, ...) the numbers, in the dtype of x."""
    values = fixed_numbers(primitive).astype(x.dtype)
    return np.broadcast_to(values, (x.shape[0], *primitive.sizes))


@lru_cache(maxsize=64)
def fixed_numbers(primitive: Fixed) -> NDArray[np.float64]:
    """Compute the numbers, float64 in the shape of one sample."""
    numbers = np.array([float(number) for number in primitive.numbers])
    if primitive.formula == "numbers":
        values = np.resize(numbers, primitive.sizes)
    elif primitive.formula == "arange":
        values = numbers[0] + numbers[1] * np.arange(primitive.sizes[0])
    else:
        rows, columns = primitive.sizes
        ahead = np.arange(columns) - np.arange(rows)[:, None] - (columns - rows)
        values = ((ahead >= -numbers[0]) & (ahead <= numbers[1])).astype(np.float64)
    result: NDArray[np.float64] = np.ascontiguousarray(values).reshape(primitive.sizes)
    result.setflags(write=False)
    return result
