"""Sums of products, in numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.preparation import prepared
from spec.primitives import Contract, matrix_product

Array = NDArray[Any]


def run(primitive: Contract, *operands: Array) -> Array:
    """Evaluate the equation, with a batch axis in front of each value and of the output."""
    x = operands[0]
    if primitive.prepared is not None:
        ready = prepared(primitive.prepared, operands[-1])
        return run(replace(primitive, prepared=None), *operands[:-1], ready)
    if primitive == matrix_product(x.ndim - 1):
        product: Array = x @ operands[1].T
        return product
    values, parameters = (
        primitive.operands[: primitive.values],
        primitive.operands[primitive.values :],
    )
    letters = ",".join([*("..." + value for value in values), *parameters])
    result: Array = np.einsum(f"{letters}->...{primitive.output}", *operands, optimize=True)
    return result
