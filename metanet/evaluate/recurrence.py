"""Linear recurrences along an axis, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from spec.primitives import Recurrence


def run(primitive: Recurrence, training: bool, a: Tensor, b: Tensor, *initial: Tensor) -> Tensor:
    """Compute `h_t = a_t h_(t-1) + b_t` one item after the other."""
    axis = primitive.axis + 1
    a, b, *rest = torch.broadcast_tensors(a, b, *initial)
    state = rest[0].select(axis, 0) if rest else None
    order = range(b.shape[axis])
    states = []
    for time in reversed(order) if primitive.reverse else order:
        term = b.select(axis, time)
        state = term if state is None else a.select(axis, time) * state + term
        states.append(state)
    return torch.stack(states[::-1] if primitive.reverse else states, axis)
