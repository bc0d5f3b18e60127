"""The best parameters of a meta-training run so far, beside those that are being trained."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from torch import nn

from metanet import LearnedOptimizer

LOSS = "validation_loss"


class WithBest(nn.Module):
    """An optimizer and a copy of it at its best epoch; a checkpoint of it holds both.

    both = WithBest(optimizer)
    both.keep(loss, rows)            # after each epoch, with the history of those before
    """

    def __init__(self, model: LearnedOptimizer) -> None:
        super().__init__()
        self.model = model
        self.best = copy.deepcopy(model).requires_grad_(False)

    def keep(self, loss: float, rows: Sequence[Mapping[str, object]]) -> None:
        """Copy the parameters if their loss is lower than those of all epochs before."""
        if all(loss < float(str(row[LOSS])) for row in rows):
            self.best.load_state_dict(self.model.state_dict())
