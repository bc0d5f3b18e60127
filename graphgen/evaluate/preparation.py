"""Weights made ready for use, in numpy."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Preparation


def prepared(how: Preparation, weight: NDArray[Any]) -> NDArray[Any]:
    """Divide a weight by its size along some axes."""
    if how.kind == "norm":
        size = np.sqrt(np.square(weight).sum(how.axes, keepdims=True))
        return np.asarray(weight / size)
    centred = weight - weight.mean(how.axes, keepdims=True)
    squares = np.square(centred).sum(how.axes, keepdims=True)
    count = prod(weight.shape[axis] for axis in how.axes)
    if how.unbiased:
        return np.asarray(centred / (np.sqrt(squares / (count - 1)) + how.eps))
    return np.asarray(centred / np.sqrt(squares / count + how.eps))


def of_attributes(attributes: tuple[tuple[str, Any], ...]) -> Preparation | None:
    """Read what a block of a graph says of its weight; None if it is used as it is."""
    told = dict(attributes).get("prepared")
    return None if told is None else Preparation(told[0], tuple(told[1]), *told[2:])
