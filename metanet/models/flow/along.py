"""The part of a flow that moves whole networks along principal directions."""

from __future__ import annotations

from torch import Tensor, nn


class Along(nn.Module):
    """How far a network moves along each principal direction, from what is known of it whole."""

    def __init__(self, conditions: int, count: int, hidden: int) -> None:
        super().__init__()
        last = nn.Linear(hidden, count)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        first, second = nn.Linear(conditions, hidden), nn.Linear(hidden, hidden)
        self.steps = nn.Sequential(first, nn.SiLU(), second, nn.SiLU(), last)

    def forward(self, conditions: Tensor) -> Tensor:
        """Give numbers (N, count), zero at first."""
        result: Tensor = self.steps(conditions)
        return result
