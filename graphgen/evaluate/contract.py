"""A matrix product along the last axis, in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spec.primitives import Contract


def run(primitive: Contract, x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """Compute `x W^T`; x is (N, ..., in), weight (out, in)."""
    result: NDArray[Any] = x @ weight.T
    return result
