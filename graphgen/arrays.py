"""Arrays of numbers, from what a caller gives for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_number
from graphgen.errors import GraphError


def array_of(value: object, what: str) -> NDArray[Any]:
    """View what has an `__array__` method, such as a tensor of torch on the CPU, as numbers.

    Raises `GraphError` that says `what` it is for everything else.
    """
    if not hasattr(value, "__array__"):
        raise GraphError(
            f"{what} is of type {type(value).__name__}, expected an array; convert it with "
            "numpy.asarray"
        )
    try:
        array: NDArray[Any] = np.asarray(value)
    # Foreign libraries raise what they like: torch refuses bfloat16, gradients and GPU tensors.
    except Exception as error:
        raise GraphError(
            f"{what} of type {type(value).__name__} cannot be viewed as a numpy array "
            f"({type(error).__name__}: {error}); for a tensor pass .detach().cpu(), and keep "
            "bfloat16 in a .safetensors file or convert it with .float()"
        ) from error
    if not is_number(array.dtype):
        raise GraphError(
            f"{what} has the dtype {array.dtype}, expected numbers; leave it out or convert it "
            "with .astype"
        )
    return array


def array_of_shape(value: object, shape: Sequence[int], what: str) -> NDArray[Any]:
    """View a value as an array of numbers of one shape; see `array_of`."""
    array = array_of(value, what)
    if array.shape != tuple(shape):
        raise GraphError(f"{what} has the shape {list(array.shape)}, expected {list(shape)}")
    return array
