"""Linear recurrences along an axis, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Recurrence

Array = NDArray[Any]


def run(primitive: Recurrence, a: Array, b: Array, *initial: Array) -> Array:
    """Compute `h_t = a_t h_(t-1) + b_t` one item after the other."""
    axis = primitive.axis + 1
    shape = np.broadcast_shapes(a.shape, b.shape, *(x.shape for x in initial))
    factors, terms = (np.moveaxis(np.broadcast_to(x, shape), axis, 0) for x in (a, b))
    states = np.empty(terms.shape, dtype=np.result_type(a, b, *initial))
    state = np.squeeze(initial[0], axis) if initial else None
    order = range(len(terms))
    for time in reversed(order) if primitive.reverse else order:
        kept = terms[time] if state is None else factors[time] * state + terms[time]
        states[time] = state = kept
    return np.moveaxis(states, 0, axis)
