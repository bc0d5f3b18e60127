"""A moving average of a flow's parameters, from which networks are drawn."""

from __future__ import annotations

import copy

import torch
from torch import nn

from metanet import Flow


class Averaged(nn.Module):
    """A flow and the moving average of its parameters; a checkpoint of it holds both.

        averaged = Averaged(flow, 0.999)
        averaged.update(step)            # after each step of the optimizer, counted from 0

    Early on the average forgets faster: after step n, at most with the rate (1 + n) / (10 + n).
    """

    def __init__(self, model: Flow, rate: float) -> None:
        super().__init__()
        self.model, self.rate = model, rate
        self.average = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the model."""
        rate = min(self.rate, (1 + step) / (10 + step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for kept, current in pairs:
            kept.lerp_(current, 1 - rate)
