"""The computation graph of sinusoidal positions: fixed coefficients from a constant node."""

from __future__ import annotations

import numpy as np

from graphgen.evaluate.sinusoid import run
from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Sinusoid


def lower(state: Lowering, operation: Operation) -> None:
    """Lower fixed waves: an edge with the wave's value to each item."""
    primitive = operation.primitive
    if not isinstance(primitive, Sinusoid):
        raise TypeError(f"expected a Sinusoid, got {primitive}")
    items = state.own(operation, operation.inputs[0], "sum")
    waves = run(primitive, np.zeros((1, *items.shape)))[0]
    own = state.nodes(f"{operation.layer}.sinusoid", "constant", (1,))
    length, features = items.shape
    rows = [(length, 0, items.strides[0], features), (features, 0, items.strides[1], 1)]
    state.connect(operation, "sinusoid", own, items, rows, coefficients=waves.reshape(-1).tolist())
    state.items[operation.output] = items
