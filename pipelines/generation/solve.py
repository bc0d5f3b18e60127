"""Solving a flow's differential equation, from noise to data."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pipelines.errors import PipelineError

Velocity = Callable[[Tensor, Tensor], Tensor]
METHODS = ("euler", "heun")


def solve(velocity: Velocity, noise: Tensor, steps: int, method: str = "heun") -> Tensor:
    """Move noise (N, P) along a velocity from time 0 to time 1, by steps of equal length.

        x = solve(lambda x, times: flow(x, times, labels), noise, steps=50)

    `euler` asks for one velocity a step, `heun` for two, and errs by the square of a step's length.
    """
    if method not in METHODS:
        raise PipelineError(f"`method` is {method!r}, expected one of {', '.join(METHODS)}")
    x, length = noise, 1 / steps
    for step in range(steps):
        first = velocity(x, times_of(x, step / steps))
        if method == "euler":
            x = x + length * first
            continue
        ahead = velocity(x + length * first, times_of(x, (step + 1) / steps))
        x = x + length / 2 * (first + ahead)
    return x


def times_of(x: Tensor, time: float) -> Tensor:
    """Give the time of each network, (N,)."""
    return torch.full((len(x),), time, dtype=x.dtype, device=x.device)
